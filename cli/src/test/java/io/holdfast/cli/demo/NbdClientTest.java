package io.holdfast.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import io.holdfast.cli.fake.Household;
import io.holdfast.cli.peer.NbdClient;
import io.holdfast.nbd.NbdAddress;
import io.holdfast.nbd.NbdOptions;
import io.holdfast.nbd.NbdServer;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The demonstration's client and writers against the real server on a volume in memory. */
@Timeout(60)
class NbdClientTest {
    private static final int BLOCKS = 2048;

    @TempDir
    private Path folder;

    private Path socket;
    private Volume volume;
    private NbdServer server;

    @BeforeEach
    void start() throws IOException {
        socket = folder.resolve("nbd");
        volume = new Household(folder).formatted().hold();
        volume.create("/disk", CreateOptions.file().withSize(BLOCKS * 4096L)).close();
        server = NbdServer.start(volume, List.of(NbdAddress.parse("unix:" + socket)), NbdOptions.defaults());
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
        volume.close();
    }

    @Test
    void readsWhatItWrote() throws IOException {
        try (NbdClient client = NbdClient.connect(socket, "/disk")) {
            assertThat(client.multiConnection()).isTrue();
            ByteBuffer block = ByteBuffer.allocate(4096);
            Pattern.put(block, 3, 1);
            client.sendWrite(3 * 4096, block.flip());
            client.awaitReplies(1);
            client.flush();
            ByteBuffer back = ByteBuffer.allocate(4096);
            client.read(3 * 4096, back);
            assertThat(Pattern.version(back.flip(), 3)).isEqualTo(1);
        }
    }

    @Test
    void anExportThatIsNotThere() {
        assertThatIOException()
                .isThrownBy(() -> NbdClient.connect(socket, "/none"))
                .withMessageContaining("refused");
    }

    @Test
    void whatTheWritersWroteIsJudgedKept() throws Exception {
        Ledger ledger = new Ledger(BLOCKS);
        NbdWriter writer = new NbdWriter(socket, "/disk", ledger, 0, BLOCKS, 1);
        Thread thread = Thread.ofPlatform().start(writer);
        while (ledger.flushes() < 20) {
            Thread.onSpinWait();
        }
        writer.stop();
        thread.join();
        assertThat(DiskVerdict.read(socket, "/disk", ledger)).isEqualTo(new DiskVerdict(BLOCKS, 0, 0, 0));
        volume.open("/disk").write(0, ByteBuffer.allocate(4096 * BLOCKS));
        assertThat(DiskVerdict.read(socket, "/disk", ledger).flushedLost()).isPositive();
    }
}
