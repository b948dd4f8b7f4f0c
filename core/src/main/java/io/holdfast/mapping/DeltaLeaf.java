package io.holdfast.mapping;

import io.holdfast.format.MapEntry;
import java.util.Arrays;

/**
 * Changes within one chunk of a file: the 256 blocks that one leaf of the map tree covers. Sparse: sorted arrays that
 * grow. Not thread-safe.
 *
 * <p>Invariant: {@code slots[0..size)} ascend. {@code base} decides for a block without an entry: hole, unwritten, or,
 * with {@link #FALL_THROUGH}, the state below.
 */
final class DeltaLeaf {
    /** The base of a leaf that decides nothing about blocks without an entry. */
    static final int FALL_THROUGH = -1;

    private final int base;
    private int size;
    private byte[] slots = new byte[4];
    private long[] words = new long[4];
    private long[] checksums = new long[4];

    DeltaLeaf(int base) {
        this.base = base;
    }

    int base() {
        return base;
    }

    int size() {
        return size;
    }

    int slotAt(int position) {
        return slots[position] & 0xff;
    }

    long wordAt(int position) {
        return words[position];
    }

    long checksumAt(int position) {
        return checksums[position];
    }

    /** Returns the position of the slot's entry, or the bitwise complement of where it would be. */
    int find(int slot) {
        int low = 0;
        int high = size - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            int found = slots[middle] & 0xff;
            if (found < slot) {
                low = middle + 1;
            } else if (found > slot) {
                high = middle - 1;
            } else {
                return middle;
            }
        }
        return ~low;
    }

    /** Sets element {@code i} of a run to the slot's mapping, if this leaf decides it. */
    void tell(int slot, MappingRun run, int i) {
        int position = find(slot);
        if (position >= 0) {
            run.set(i, words[position], checksums[position]);
        } else if (base != FALL_THROUGH) {
            run.set(i, MapEntry.word(base, 0), 0);
        }
    }

    /** Sets the slot's entry and returns the word before: the old entry's, else the base's, else -1. */
    long put(int slot, long word, long checksum) {
        int position = find(slot);
        if (position >= 0) {
            long old = words[position];
            words[position] = word;
            checksums[position] = checksum;
            return old;
        }
        position = ~position;
        makeRoom(position, 1);
        slots[position] = (byte) slot;
        words[position] = word;
        checksums[position] = checksum;
        return base == FALL_THROUGH ? -1 : MapEntry.word(base, 0);
    }

    /**
     * Sets {@code count} slots that have no entry to data that lies side by side.
     *
     * @param first first slot; the last one is in this leaf, too
     * @param word of the first slot
     * @param sums checksums of the slots, from index {@code from} on
     * @return false if one of the slots has an entry; nothing is changed then
     */
    boolean insertRun(int first, int count, long word, long[] sums, int from) {
        int position = ~find(first);
        if (position < 0 || (position < size && slotAt(position) < first + count)) {
            return false;
        }
        makeRoom(position, count);
        int state = MapEntry.state(word);
        long at = MapEntry.block(word);
        for (int i = 0; i < count; i++) {
            slots[position + i] = (byte) (first + i);
            words[position + i] = MapEntry.word(state, at + i);
        }
        System.arraycopy(sums, from, checksums, position, count);
        return true;
    }

    private void makeRoom(int position, int count) {
        if (size + count > slots.length) {
            int grown = Math.min(Math.max(size * 2, size + count), MapEntry.FANOUT);
            slots = Arrays.copyOf(slots, grown);
            words = Arrays.copyOf(words, grown);
            checksums = Arrays.copyOf(checksums, grown);
        }
        System.arraycopy(slots, position, slots, position + count, size - position);
        System.arraycopy(words, position, words, position + count, size - position);
        System.arraycopy(checksums, position, checksums, position + count, size - position);
        size += count;
    }
}
