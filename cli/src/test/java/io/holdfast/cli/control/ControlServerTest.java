package io.holdfast.cli.control;

import static org.assertj.core.api.Assertions.assertThatCode;

import io.holdfast.cli.fake.Household;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class ControlServerTest {
    @TempDir
    private Path folder;

    /** A client that is accepted but never served would wait for an answer for ever. */
    @Test
    @Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void nobodyIsLeftWaitingWhenTheServerStops() throws Exception {
        for (int round = 0; round < 500; round++) {
            try (Household home = new Household(Files.createDirectory(folder.resolve("" + round)));
                    SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                home.formatted().serve();
                Path socket = home.controlSocket();
                Thread stop = Thread.ofVirtual()
                        .start(() -> assertThatCode(home::close).doesNotThrowAnyException());
                try {
                    client.connect(UnixDomainSocketAddress.of(socket));
                    while (client.read(ByteBuffer.allocate(1)) >= 0) {}
                } catch (IOException gone) {
                    // A reset is an end too.
                }
                stop.join();
            }
        }
    }
}
