package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.WriteFlag;
import io.holdfast.volume.WritePiece;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Nothing that is done through the handle of a disk changes the size of its file. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DiskHandleTest {
    private static final int BLOCK = 4096;
    private static final long SIZE = 100L * BLOCK + 100;

    private StoredVolume volume;

    @BeforeEach
    void open() throws HoldfastException {
        volume = TestVolumes.open(TestVolumes.formatted(16), 1);
    }

    @AfterEach
    void close() throws HoldfastException {
        TestVolumes.assertAtRest(volume);
        volume.close();
    }

    private StoredFile create(boolean checksummed) throws HoldfastException {
        CreateOptions options = CreateOptions.file().withSize(SIZE);
        return volume.create("/d", checksummed ? options : options.withoutChecksum());
    }

    private static MemorySegment bytes(int length, int value) {
        byte[] content = new byte[length];
        Arrays.fill(content, (byte) value);
        return MemorySegment.ofArray(content);
    }

    private static void assertBeyondEnd(ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        HoldfastException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BEYOND_END))
                .hasMessageContaining("inode");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void noKindOfChangeReachesBeyondTheEnd(boolean checksummed) throws Exception {
        try (StoredFile file = create(checksummed);
                StoredFile disk = volume.openDisk("/d");
                Arena arena = Arena.ofConfined()) {
            long lastWhole = SIZE / BLOCK * BLOCK;
            MemorySegment aligned = arena.allocate(32 * BLOCK, BLOCK);
            for (Set<WriteFlag> flags : List.of(
                    Set.<WriteFlag>of(),
                    Set.of(WriteFlag.DIRECT),
                    Set.of(WriteFlag.NOWAIT),
                    Set.of(WriteFlag.FUA),
                    Set.of(WriteFlag.DIRECT, WriteFlag.NOWAIT))) {
                assertBeyondEnd(() -> disk.write(SIZE, bytes(1, 1), flags));
                assertBeyondEnd(() -> disk.write(SIZE - 1, bytes(2, 1), flags));
                assertBeyondEnd(() -> disk.write(lastWhole, aligned.asSlice(0, BLOCK), flags));
                assertBeyondEnd(() -> disk.write(lastWhole - 16 * BLOCK, aligned, flags));
                assertBeyondEnd(() -> disk.write(1L << 40, aligned, flags));
            }
            assertBeyondEnd(() -> disk.punch(SIZE - 1, 2));
            assertBeyondEnd(() -> disk.punch(1L << 40, BLOCK));
            assertBeyondEnd(() -> disk.zero(lastWhole, BLOCK));
            assertBeyondEnd(() -> disk.allocate(lastWhole, BLOCK));
            assertThat(disk.writeTogether(
                            List.of(new WritePiece(0, bytes(BLOCK, 1)), new WritePiece(lastWhole, bytes(BLOCK, 1)))))
                    .isFalse();
            assertThatThrownBy(() -> disk.truncate(1)).hasMessageContaining("disk");
            assertThat(file.size()).isEqualTo(SIZE);
            // Nothing of what was refused was written.
            MemorySegment all = MemorySegment.ofArray(new byte[(int) SIZE]);
            assertThat(file.read(0, all)).isEqualTo(SIZE);
            assertThat(all.mismatch(bytes((int) SIZE, 0))).isEqualTo(-1);
        }
    }

    @Test
    void whatEndsAtTheEndIsTaken() throws Exception {
        try (StoredFile file = create(true);
                StoredFile disk = volume.openDisk("/d")) {
            disk.write(SIZE - 70_000, bytes(70_000, 7));
            disk.write(SIZE - 1, bytes(1, 8), Set.of(WriteFlag.DIRECT));
            disk.punch(0, SIZE - 70_000);
            disk.zero(SIZE - 70_000, 4096);
            disk.allocate(0, SIZE);
            MemorySegment last = bytes(1, 0);
            assertThat(disk.read(SIZE - 1, last)).isEqualTo(1);
            assertThat(last.mismatch(bytes(1, 8))).isEqualTo(-1);
            assertThat(file.size()).isEqualTo(SIZE);
        }
    }

    @Test
    void aDiskMeetsTheNewEndWhenItsFileIsCutAndWhenItGrows() throws Exception {
        try (StoredFile file = create(true);
                StoredFile disk = volume.openDisk("/d")) {
            file.truncate(10L * BLOCK);
            assertBeyondEnd(() -> disk.write(50L * BLOCK, bytes(BLOCK, 1)));
            assertThat(disk.read(50L * BLOCK, bytes(BLOCK, 0))).isZero();
            assertThat(disk.size()).isEqualTo(10L * BLOCK);
            file.truncate(200L * BLOCK);
            disk.write(150L * BLOCK, bytes(BLOCK, 1));
            assertThat(file.size()).isEqualTo(200L * BLOCK);
        }
    }

    /** Each kind of write at the end of a file, against a truncation that comes at any moment. */
    @ParameterizedTest
    @ValueSource(strings = {"buffered", "sealed", "together", "direct", "lent", "nowait", "fua"})
    void noWriteThatWaitedUndoesATruncation(String kind) throws Exception {
        try (StoredFile file = create(!kind.equals("lent"));
                StoredFile disk = volume.openDisk("/d");
                Arena arena = Arena.ofShared();
                ExecutorService threads = Executors.newFixedThreadPool(3)) {
            int blocks = kind.equals("sealed") || kind.equals("together") ? 16 : 1;
            MemorySegment source = arena.allocate((long) blocks * BLOCK, BLOCK);
            AtomicBoolean stop = new AtomicBoolean();
            List<Future<?>> writers = List.of(
                    threads.submit(() -> write(disk, kind, source, stop)),
                    threads.submit(() -> write(disk, kind, source, stop)));
            try {
                for (int round = 0; round < 300; round++) {
                    file.truncate(10L * BLOCK);
                    assertThat(file.size()).isEqualTo(10L * BLOCK);
                    Thread.yield();
                    assertThat(file.size()).isEqualTo(10L * BLOCK);
                    file.truncate(60L * BLOCK);
                }
            } finally {
                stop.set(true);
                for (Future<?> writer : writers) {
                    writer.get();
                }
            }
        }
    }

    private static Void write(StoredFile disk, String kind, MemorySegment source, AtomicBoolean stop)
            throws ExecutionException {
        long at = 20L * BLOCK;
        while (!stop.get()) {
            try {
                switch (kind) {
                    case "together" -> disk.writeTogether(List.of(new WritePiece(at, source)));
                    case "direct", "lent" -> disk.write(at, source, Set.of(WriteFlag.DIRECT));
                    case "nowait" -> disk.write(at, source, Set.of(WriteFlag.NOWAIT));
                    case "fua" -> disk.write(at, source, Set.of(WriteFlag.FUA));
                    default -> disk.write(at, source);
                }
            } catch (HoldfastException e) {
                if (e.code() != ErrorCode.BEYOND_END && e.code() != ErrorCode.WOULD_BLOCK) {
                    throw new ExecutionException(e);
                }
            }
        }
        return null;
    }
}
