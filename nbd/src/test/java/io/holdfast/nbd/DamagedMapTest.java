package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.check.VolumeFileDamage;
import io.holdfast.engine.Volumes;
import io.holdfast.nbd.TestClient.Mode;
import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A client of a file whose map has a node that cannot be read: it gets EIO for what the node covers, and goes on. */
@Timeout(60)
class DamagedMapTest {
    private static final int BLOCK = 4096;
    private static final int LEAF_BYTES = 256 * BLOCK;
    private static final int EIO = 5;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource(
            value = Mode.class,
            names = {"STRUCTURED", "EXTENDED"})
    void whatIsLostIsReportedAsData(Mode mode) throws IOException {
        Path path = folder.resolve("v");
        Volumes.format(path, FormatOptions.ofSize(64L << 20));
        byte[] content = new byte[3 * LEAF_BYTES];
        new Random(3).nextBytes(content);
        long inode;
        try (Volume open = Volumes.open(path, OpenOptions.readWrite());
                StoredFile file = open.create("/disk", CreateOptions.file())) {
            file.write(0, MemorySegment.ofArray(content));
            file.punch(LEAF_BYTES - 2 * BLOCK, 4L * BLOCK);
            file.punch(2 * LEAF_BYTES, LEAF_BYTES);
            inode = file.inode();
        }
        VolumeFileDamage.of(path).mapNode(inode, 256, 1);
        NbdAddress address = NbdAddress.parse("unix:" + folder.resolve("s"));
        try (Volume open = Volumes.open(path, OpenOptions.readWrite());
                NbdServer _ = NbdServer.start(open, List.of(address), NbdOptions.defaults());
                TestClient client = TestClient.open(address, "disk", mode)) {
            assertThat(CommandTest.status(client, 0, 0, 3 * LEAF_BYTES))
                    .containsExactly(
                            LEAF_BYTES - 2L * BLOCK, 0L, 2L * BLOCK, 3L, (long) LEAF_BYTES, 0L, (long) LEAF_BYTES, 3L);
            assertThat(client.call(CommandType.READ, 0, LEAF_BYTES + 20L * BLOCK, BLOCK)
                            .error())
                    .isEqualTo(EIO);
            assertThat(client.read(0, 0, BLOCK)).startsWith(content[0], content[1]);
            // A trim of whole blocks needs nothing of what is lost, and mends it.
            assertThat(client.call(CommandType.TRIM, 0, LEAF_BYTES + 20L * BLOCK, BLOCK)
                            .error())
                    .isZero();
            assertThat(client.read(0, LEAF_BYTES + 20L * BLOCK, BLOCK)).containsOnly(0);
            assertThat(CommandTest.status(client, 0, LEAF_BYTES, 21 * BLOCK))
                    .containsExactly(20L * BLOCK, 0L, (long) BLOCK, 3L);
        }
    }
}
