package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.MemoryDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.WriteFlag;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A full volume: the writer is told, nobody else; what is there stays; and what is given up can be used again. */
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FullVolumeTest {
    private static final int CHUNK = 64 << 10;
    private final MemorySegment memory = Arena.ofShared().allocate(CHUNK, 4096);

    private MemorySegment pattern(long block, int seed, int bytes) {
        for (int at = 0; at < bytes; at += 8) {
            memory.set(ValueLayout.JAVA_LONG, at, (block + at / 4096) * 1_000_003 + seed);
        }
        return memory.asSlice(0, bytes);
    }

    /** Appends until the volume is full and returns how many blocks were taken. */
    private long fill(StoredFile file, long from, int seed, Set<WriteFlag> flags) throws HoldfastException {
        long block = from;
        int bytes = CHUNK;
        while (true) {
            try {
                file.write(block * 4096, pattern(block, seed, bytes), flags);
                block += bytes / 4096;
            } catch (HoldfastException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.NO_SPACE);
                if (bytes == 4096) {
                    return block - from;
                }
                bytes = 4096;
            }
        }
    }

    private void verify(StoredFile file, long from, long blocks, int seed) throws HoldfastException {
        MemorySegment got = MemorySegment.ofArray(new byte[4096]);
        for (long b = from; b < from + blocks; b++) {
            assertThat(file.read(b * 4096, got)).isEqualTo(4096);
            assertThat(got.mismatch(pattern(b, seed, 4096))).as("block " + b).isEqualTo(-1);
        }
    }

    @Test
    void isFilledToTheLastBlockAgainAndAgain() throws Exception {
        MemoryDevice device = TestVolumes.formatted(16);
        long first = 0;
        for (int round = 0; round < 9; round++) {
            try (StoredVolume volume = TestVolumes.open(TestVolumes.through(device), round)) {
                try (StoredFile keep =
                                round == 0 ? volume.create("/keep", CreateOptions.file()) : volume.open("/keep");
                        StoredFile file = volume.create(
                                "/f",
                                round % 2 == 0
                                        ? CreateOptions.file()
                                        : CreateOptions.file().withoutChecksum())) {
                    if (round == 0) {
                        keep.write(0, pattern(0, 99, CHUNK));
                    }
                    Set<WriteFlag> flags = round % 3 == 0
                            ? Set.of()
                            : round % 3 == 1 ? Set.of(WriteFlag.DIRECT) : Set.of(WriteFlag.DIRECT, WriteFlag.FUA);
                    long blocks = fill(file, 0, round, flags);
                    file.flush();
                    volume.sync();
                    verify(file, 0, blocks, round);
                    verify(keep, 0, CHUNK / 4096, 99);
                    if (round == 0) {
                        first = blocks;
                        assertThat(blocks).as("blocks of 4096").isGreaterThan(3600);
                    }
                    assertThat(blocks).as("blocks in round " + round).isGreaterThan(first - 100);
                    TestVolumes.assertAtRest(volume);
                    // Making room by a punch, on the full volume, at once.
                    file.punch(0, blocks * 4096);
                    long again = fill(file, 0, round + 50, flags);
                    assertThat(again)
                            .as("blocks after a punch in round " + round)
                            .isGreaterThan(first - 100);
                    verify(file, 0, again, round + 50);
                    TestVolumes.assertAtRest(volume);
                }
                volume.remove("/f");
                assertThat(volume.failure()).isEmpty();
            }
        }
    }

    @Test
    void allocatedSpaceCanBeWrittenWhenAllElseIsTaken() throws Exception {
        MemoryDevice device = TestVolumes.formatted(16);
        try (StoredVolume volume = TestVolumes.open(TestVolumes.through(device), 1);
                StoredFile reserved = volume.create("/reserved", CreateOptions.file());
                StoredFile other = volume.create("/other", CreateOptions.file())) {
            int blocks = 1024;
            reserved.allocate(0, blocks * 4096L);
            long taken = fill(other, 0, 1, Set.of());
            for (int quarter = 0; quarter < 4; quarter++) {
                int from = quarter * blocks / 4;
                for (int b = from; b < from + blocks / 4; b++) {
                    reserved.write(
                            b * 4096L, pattern(b, 2, 4096), quarter % 2 == 0 ? Set.of() : Set.of(WriteFlag.DIRECT));
                    if (b % 3 == 0) {
                        // Again: that takes no second promise while it is dirty, and may be refused after that.
                        try {
                            reserved.write(b * 4096L, pattern(b, 2, 4096));
                        } catch (HoldfastException e) {
                            assertThat(e.code()).isEqualTo(ErrorCode.NO_SPACE);
                        }
                    }
                }
                if (quarter == 1) {
                    reserved.flush();
                }
                // Others must not get what is promised.
                taken += fill(other, taken, 1, Set.of());
            }
            reserved.flush();
            verify(reserved, 0, blocks, 2);
            verify(other, 0, taken, 1);
            TestVolumes.assertAtRest(volume);
        }
    }

    @Test
    void flushesOfAlmostNothingNeverRunOutOfLog() throws Exception {
        MemoryDevice device = TestVolumes.formatted(16);
        try (StoredVolume volume = TestVolumes.open(TestVolumes.through(device), 1);
                StoredFile small = volume.create("/small", CreateOptions.file());
                StoredFile large = volume.create("/large", CreateOptions.file())) {
            small.allocate(0, 4096L * 512);
            fill(large, 0, 1, Set.of());
            for (int i = 0; i < 5000; i++) {
                small.truncate(1_000_000 + i);
                if (i % 10 == 0) {
                    small.write(i / 10 * 4096L, pattern(i / 10, 2, 4096), Set.of(WriteFlag.FUA));
                }
                small.flush();
            }
            assertThat(volume.failure()).isEmpty();
            TestVolumes.assertAtRest(volume);
        }
    }

    @Test
    void filesAreCreatedUntilThereIsNoRoomAndRemovedAgain() throws Exception {
        MemoryDevice device = TestVolumes.formatted(16);
        int first = 0;
        for (int round = 0; round < 2; round++) {
            try (StoredVolume volume = TestVolumes.open(TestVolumes.through(device), round)) {
                int n = 0;
                try (StoredFile large = volume.create("/large", CreateOptions.file())) {
                    large.allocate(0, 13L << 20);
                }
                try {
                    while (true) {
                        volume.create("/" + "n".repeat(200) + n, CreateOptions.file())
                                .close();
                        n++;
                    }
                } catch (HoldfastException e) {
                    assertThat(e.code()).isEqualTo(ErrorCode.NO_SPACE);
                }
                volume.sync();
                if (round == 0) {
                    first = n;
                }
                assertThat(n).isGreaterThan(500).isGreaterThan(first * 9 / 10);
                for (int i = 0; i < n; i++) {
                    volume.remove("/" + "n".repeat(200) + i);
                }
                volume.remove("/large");
                volume.sync();
                assertThat(volume.list("/", "", 10)).isEmpty();
                TestVolumes.assertAtRest(volume);
            }
        }
    }

    @Test
    void manySmallZeroCopyWritesBetweenFlushes() throws Exception {
        MemoryDevice device = TestVolumes.formatted(64);
        try (StoredVolume volume = TestVolumes.open(TestVolumes.through(device), 1);
                StoredFile file = volume.create("/f", CreateOptions.file().withoutChecksum())) {
            for (int b = 0; b < 9000; b++) {
                file.write(b * 4096L, pattern(b, 1, 4096), Set.of(WriteFlag.DIRECT));
            }
            file.flush();
            verify(file, 0, 9000, 1);
        }
        try (StoredVolume volume = TestVolumes.open(TestVolumes.through(device), 1);
                StoredFile file = volume.open("/f")) {
            verify(file, 0, 9000, 1);
        }
    }

    @Test
    void aCheckpointBeginsBeforeOverwritingHasUsedTheLastBlock() throws Exception {
        try (StoredVolume volume = TestVolumes.open(TestVolumes.through(TestVolumes.formatted(64)), 3);
                StoredFile file = volume.create("/f", CreateOptions.file())) {
            long blocks = 0;
            for (; blocks < 8000; blocks += CHUNK / 4096) {
                file.write(blocks * 4096, pattern(blocks, 1, CHUNK), Set.of(WriteFlag.DIRECT));
            }
            volume.checkpoint();
            long before = volume.counters().checkpoints();
            long free = volume.usage().free();
            // Of what is left three quarters are overwritten, and no writer may wait.
            for (long at = 0; at * 4096 < free / 4 * 3; at += CHUNK / 4096) {
                file.write(at % blocks * 4096, pattern(at, 2, CHUNK), Set.of(WriteFlag.DIRECT));
            }
            while (volume.counters().checkpoints() == before) {
                Thread.onSpinWait();
            }
        }
    }
}
