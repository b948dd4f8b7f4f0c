package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.StoredFile;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Files that are full of one byte. */
final class FilledFiles {
    private FilledFiles() {}

    /** Makes a file, which is flushed. */
    static void write(StoredVolume volume, String path, int blocks, int seed) throws HoldfastException {
        try (StoredFile file = volume.create(path, CreateOptions.file())) {
            file.write(0, MemorySegment.ofArray(content(blocks, seed)));
            file.flush();
        }
    }

    static void assertContent(StoredVolume volume, String path, int blocks, int seed) throws HoldfastException {
        byte[] content = new byte[blocks * Block.SIZE];
        try (StoredFile file = volume.open(path)) {
            assertThat(file.read(0, MemorySegment.ofArray(content))).isEqualTo(content.length);
        }
        assertThat(Arrays.equals(content, content(blocks, seed)))
                .as("content of %s", path)
                .isTrue();
    }

    private static byte[] content(int blocks, int seed) {
        byte[] content = new byte[blocks * Block.SIZE];
        Arrays.fill(content, (byte) seed);
        return content;
    }
}
