package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.engine.Volumes;
import io.holdfast.nbd.TestClient.Mode;
import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.Discard;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Guests that trim much, or little and often: what it costs in checkpoints, and what it promises of space. */
@Tag("slow")
@Timeout(300)
class ManyTrimsTest {
    private static final String DISK = "/disk";
    private static final int BLOCK = 4096;
    private static final int MIB = 1 << 20;
    private static final long GIB = 1L << 30;
    private static final int AT_ONCE = 128;
    /** As many as a trim of any size may cost: changes and log do not reach their limits once. */
    private static final long CHECKPOINTS_MAX = 3;

    private static final int TRIMS = 100_000;
    private static final int CHUNKS = 200;
    private static final int ROUNDS = 50;

    @TempDir
    Path directory;

    /** A served volume with one disk, and a client of that. */
    private final class Served implements AutoCloseable {
        final Volume volume;
        final NbdServer server;
        final TestClient client;

        Served(long volumeBytes, long diskBytes) throws IOException {
            Path file = Files.createTempFile(directory, "v", "");
            Volumes.format(file, FormatOptions.ofSize(volumeBytes));
            volume = Volumes.open(
                    file, OpenOptions.readWrite().withMemory(64L << 20).withDiscard(Discard.ASYNC));
            volume.create(DISK, CreateOptions.file().withSize(diskBytes)).close();
            NbdAddress address = NbdAddress.parse("unix:" + file + ".nbd");
            server = NbdServer.start(volume, List.of(address), NbdOptions.defaults());
            client = TestClient.open(address, DISK, Mode.SIMPLE);
        }

        /** Trims ranges of {@code length} bytes, {@code step} bytes from one to the next, many requests at a time. */
        void trim(long from, long to, long step, long length) throws IOException {
            int sent = 0;
            for (long at = from; at < to; at += step) {
                client.request(CommandType.TRIM, 0, at, at, Math.min(length, to - at));
                if (++sent == AT_ONCE) {
                    await(sent);
                    sent = 0;
                }
            }
            await(sent);
        }

        private void await(int replies) throws IOException {
            for (int i = 0; i < replies; i++) {
                assertThat(client.receive(0).error()).isZero();
            }
        }

        void flush() throws IOException {
            assertThat(client.call(CommandType.FLUSH, 0, 0, 0).error()).isZero();
        }

        long checkpoints() {
            return volume.counters().checkpoints();
        }

        @Override
        public void close() throws IOException {
            client.close();
            server.close();
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
            volume.close();
        }
    }

    /**
     * Returns how many checkpoints an fstrim costs of a guest's ext4 that is empty but for one block in each of its block groups: the guest's kernel sends the free space
     * of each group, in requests of {@code length} bytes at most.
     */
    private long checkpointsOfTrimming(long bytes, long length) throws IOException {
        long group = 128L * MIB;
        try (Served served = new Served(128 * GIB, bytes)) {
            for (long at = 0; at < bytes; at += group) {
                assertThat(served.client.write(0, at, new byte[BLOCK])).isZero();
                assertThat(served.client.write(0, at + group / 2, new byte[BLOCK]))
                        .isZero();
            }
            served.flush();
            served.volume.checkpoint();
            long before = served.checkpoints();
            for (long at = 0; at < bytes; at += group) {
                served.trim(at + BLOCK, at + group, length, length);
            }
            served.flush();
            return served.checkpoints() - before;
        }
    }

    /** What a guest's kernel sends to {@code /dev/nbd} or through QEMU: requests of up to 4 GiB, or of some 32 MiB. */
    @ParameterizedTest
    @ValueSource(longs = {32L * MIB, 4 * GIB})
    void trimmingMuchMakesNoCheckpointStorm(long length) throws IOException {
        assertThat(checkpointsOfTrimming(5 * GIB, length)).isLessThanOrEqualTo(CHECKPOINTS_MAX);
        assertThat(checkpointsOfTrimming(100 * GIB, length)).isLessThanOrEqualTo(CHECKPOINTS_MAX);
    }

    /** Each of these requests changes the edges of two leaves of the map, block by block; all that must fit into memory. */
    @Test
    void manyRequestsShareACheckpoint() throws IOException {
        long bytes = 20 * GIB;
        assertThat(checkpointsOfTrimming(bytes, MIB)).isLessThanOrEqualTo(bytes / MIB / 1000);
    }

    /** The space that {@code usage}, and so {@code df}, tells can be written, at every moment. */
    @Test
    void manySmallTrimsPromiseNoSpaceThatIsNotThere() throws IOException {
        long disk = 2L * TRIMS * BLOCK;
        byte[] data = new byte[(int) (disk / CHUNKS)];
        new Random(5).nextBytes(data);
        try (Served served = new Served(GIB, disk)) {
            for (long at = 0; at < disk; at += data.length) {
                assertThat(served.client.write(0, at, data)).isZero();
            }
            served.flush();
            served.trim(0, disk, 2 * BLOCK, BLOCK);
            try (StoredFile again = served.volume.open(DISK);
                    StoredFile filler = served.volume.create("/filler", CreateOptions.file())) {
                // A third of what was trimmed, in places far from each other.
                long scattered = fill(served.volume, again, 0, 6 * BLOCK, data, BLOCK, TRIMS / 3);
                assertThat(scattered).isEqualTo(TRIMS / 3);
                long writes = fill(served.volume, filler, 0, MIB, data, MIB, Long.MAX_VALUE);
                assertThat(writes * MIB).isGreaterThan((long) TRIMS / 3 * BLOCK);
                for (int round = 0; round < ROUNDS; round++) {
                    // The volume is full: a few blocks come free, and are written again.
                    long from = (2L * round + 1) * BLOCK;
                    served.trim(from, disk, disk / 100, BLOCK);
                    fill(served.volume, filler, (writes + round) * MIB, BLOCK, data, BLOCK, MIB / BLOCK);
                }
            }
            served.flush();
        }
    }

    /**
     * Writes as long as there is free space, and never more than that at once: none of these writes may be refused.
     *
     * @param step bytes from one write to the next
     * @return how many writes there were, at most {@code max}
     */
    private static long fill(Volume volume, StoredFile file, long from, long step, byte[] data, int length, long max)
            throws IOException {
        long writes = 0;
        for (long free = volume.usage().free();
                free > 0 && writes < max;
                free = volume.usage().free()) {
            MemorySegment part = MemorySegment.ofArray(data).asSlice(0, Math.min(length, free));
            file.write(from + writes * step, part, Set.of());
            writes++;
        }
        return writes;
    }
}
