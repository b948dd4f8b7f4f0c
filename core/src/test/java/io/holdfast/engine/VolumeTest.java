package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.Extent;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.WriteFlag;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The volume on a real file: what goes in comes out, now and after reopening. */
class VolumeTest {
    @TempDir
    Path directory;

    private Path path;

    @BeforeEach
    void format() throws Exception {
        path = directory.resolve("v.hf");
        Volumes.format(path, FormatOptions.ofSize(256 << 20));
    }

    private static MemorySegment filled(int bytes, int seed) {
        MemorySegment segment = Arena.ofAuto().allocate(bytes, 4096);
        for (int i = 0; i + 4 <= bytes; i += 4) {
            segment.set(ValueLayout.JAVA_INT, i, i * 31 + seed);
        }
        return segment;
    }

    private static void assertContent(StoredFile file, long offset, MemorySegment expected) throws Exception {
        MemorySegment read = Arena.ofAuto().allocate(expected.byteSize(), 4096);
        assertThat(file.read(offset, read)).isEqualTo(expected.byteSize());
        assertThat(read.mismatch(expected)).isEqualTo(-1);
    }

    @Test
    void keepsWhatIsWrittenOverReopening() throws Exception {
        MemorySegment data = filled(1 << 20, 7);
        try (Volume volume = Volumes.open(path, OpenOptions.readWrite())) {
            volume.mkdir("/vm", CreateOptions.directory());
            try (StoredFile file =
                    volume.create("/vm/disk", CreateOptions.file().withSize(1L << 30))) {
                file.write(12345, data);
                assertContent(file, 12345, data);
                file.flush();
                assertContent(file, 12345, data);
            }
        }
        try (Volume volume = Volumes.open(path, OpenOptions.readWrite())) {
            assertThat(volume.recovery().clean()).isTrue();
            try (StoredFile file = volume.open("/vm/disk")) {
                assertThat(file.size()).isEqualTo(1L << 30);
                assertContent(file, 12345, data);
            }
        }
    }

    @Test
    void directWritesDoNotStayInTheCache() throws Exception {
        MemorySegment data = filled(64 << 10, 3);
        try (Volume volume = Volumes.open(path, OpenOptions.readWrite());
                StoredFile file = volume.create("/a", CreateOptions.file())) {
            file.write(0, data, Set.of(WriteFlag.DIRECT));
            long misses = volume.counters().cacheMisses();
            assertContent(file, 0, data);
            assertThat(volume.counters().cacheMisses()).isGreaterThan(misses);
        }
    }

    @Test
    void punchedAndTruncatedRangesReadAsZeroes() throws Exception {
        MemorySegment data = filled(1 << 20, 3);
        MemorySegment zeroes = Arena.ofAuto().allocate(1 << 20, 4096);
        try (Volume volume = Volumes.open(path, OpenOptions.readWrite());
                StoredFile file = volume.create("/a", CreateOptions.file())) {
            file.write(0, data);
            file.flush();
            file.punch(1000, 100_000);
            assertContent(file, 0, data.asSlice(0, 1000));
            assertContent(file, 1000, zeroes.asSlice(0, 100_000));
            assertContent(file, 101_000, data.asSlice(101_000, 50_000));
            assertThat(file.map(0, 1 << 20, 100))
                    .extracting(Extent::state)
                    .containsExactly(Extent.State.WRITTEN, Extent.State.HOLE, Extent.State.WRITTEN);
            file.truncate(5000);
            file.truncate(1 << 20);
            assertContent(file, 5000, zeroes.asSlice(0, (1 << 20) - 5000));
        }
    }
}
