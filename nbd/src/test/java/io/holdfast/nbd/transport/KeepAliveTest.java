package io.holdfast.nbd.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.util.Map;
import org.junit.jupiter.api.Test;

class KeepAliveTest {
    @Test
    void aPeerThatVanishesIsNoticedInAMinute() throws IOException {
        try (SocketChannel socket = SocketChannel.open()) {
            KeepAlive.begin(socket);
            assertThat(socket.getOption(StandardSocketOptions.SO_KEEPALIVE)).isTrue();
            for (Map.Entry<SocketOption<Integer>, Integer> time : KeepAlive.TIMES.entrySet()) {
                assertThat(socket.getOption(time.getKey()))
                        .as("%s", time.getKey())
                        .isEqualTo(time.getValue());
            }
        }
    }
}
