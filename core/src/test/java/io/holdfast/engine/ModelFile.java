package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.format.Block;
import io.holdfast.volume.Extent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What a file must hold: a window of a few blocks at {@code base}, and nothing anywhere else. */
final class ModelFile {
    static final int BLOCKS = 40;
    static final int BYTES = BLOCKS * Block.SIZE;

    final long base;
    final boolean checksummed;
    final byte[] content = new byte[BYTES];
    final Extent.State[] states = new Extent.State[BLOCKS];
    /** Bytes of the window; the size is that plus {@code base}. */
    int size;

    ModelFile(long base, boolean checksummed) {
        this.base = base;
        this.checksummed = checksummed;
        Arrays.fill(states, Extent.State.HOLE);
    }

    void write(int at, byte[] data, int length) {
        System.arraycopy(data, 0, content, at, length);
        for (int b = at / 4096; b * 4096 < at + length; b++) {
            states[b] = Extent.State.WRITTEN;
        }
        size = Math.max(size, at + length);
    }

    /** Makes whole blocks of a range a hole or unwritten, and zeroes the parts at its ends. */
    void change(int at, int length, Extent.State state) {
        int end = Math.min(at + length, size);
        if (at >= end) {
            return;
        }
        Arrays.fill(content, at, end, (byte) 0);
        int wholeEnd = end == size ? (end + 4095) / 4096 : end / 4096;
        for (int b = (at + 4095) / 4096; b < wholeEnd; b++) {
            states[b] = state;
        }
    }

    void allocate(int at, int length) {
        for (int b = at / 4096; b * 4096 < at + length; b++) {
            if (states[b] == Extent.State.HOLE) {
                states[b] = Extent.State.UNWRITTEN;
            }
        }
    }

    void truncate(int newSize) {
        if (newSize <= size) {
            Arrays.fill(content, newSize, BYTES, (byte) 0);
            Arrays.fill(states, (newSize + 4095) / 4096, BLOCKS, Extent.State.HOLE);
        }
        size = newSize;
    }

    /** Compares with the extents of the whole window that a file reports. */
    void assertMap(List<Extent> extents) {
        List<Extent> expected = new ArrayList<>();
        for (int b = 0; b * 4096 < size; b++) {
            int length = Math.min(4096, size - b * 4096);
            if (!expected.isEmpty() && expected.getLast().state() == states[b]) {
                Extent last = expected.removeLast();
                expected.add(new Extent(last.offset(), last.length() + length, last.state()));
            } else {
                expected.add(new Extent(base + b * 4096L, length, states[b]));
            }
        }
        assertThat(extents).isEqualTo(expected);
    }
}
