package io.holdfast.mapping;

import io.holdfast.format.MapEntry;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A look at the changes within one chunk of a file: the 256 blocks that one leaf of the map tree covers. Good until the
 * next change of the file's map. {@link DeltaLeaves} makes and changes leaves.
 *
 * <p>Invariants: the slots ascend. {@code base} decides for a block without an entry: hole, unwritten, or, with
 * {@link #FALL_THROUGH}, the state below.
 *
 * <pre>
 * entry       0  word of the map entry (56 bits), slot (8 bits)
 *             8  checksum
 * </pre>
 *
 * <p>The slot takes the place of the byte that map entries keep in reserve.
 */
final class DeltaLeaf {
    /** The base of a leaf that decides nothing about blocks without an entry. */
    static final int FALL_THROUGH = -1;

    static final int ENTRY_LOG2 = 4;
    static final int CHECKSUM = 8;
    private static final int SLOT_SHIFT = 56;
    private static final long WORD_MASK = (1L << SLOT_SHIFT) - 1;

    private final MemorySegment memory;
    private final long start;
    private final int base;
    private final int size;

    /** @param start where in {@code memory} the entries begin */
    DeltaLeaf(MemorySegment memory, long start, int base, int size) {
        this.memory = memory;
        this.start = start;
        this.base = base;
        this.size = size;
    }

    static long packed(int slot, long word) {
        if ((word & ~WORD_MASK) != 0) {
            throw new IllegalArgumentException("no word of a map entry: %x".formatted(word));
        }
        return ((long) slot << SLOT_SHIFT) | word;
    }

    int base() {
        return base;
    }

    /** Returns what the base says of a block: its word, or -1. */
    long baseWord() {
        return base == FALL_THROUGH ? -1 : MapEntry.word(base, 0);
    }

    int size() {
        return size;
    }

    int slotAt(int position) {
        return (int) (packedAt(position) >>> SLOT_SHIFT);
    }

    long wordAt(int position) {
        return packedAt(position) & WORD_MASK;
    }

    long checksumAt(int position) {
        return memory.get(ValueLayout.JAVA_LONG, start + ((long) position << ENTRY_LOG2) + CHECKSUM);
    }

    private long packedAt(int position) {
        return memory.get(ValueLayout.JAVA_LONG, start + ((long) position << ENTRY_LOG2));
    }

    /** Returns the position of the slot's entry, or the bitwise complement of where it would be. */
    int find(int slot) {
        // Slots are distinct: as many entries may be missing before this one as are missing at all.
        int low = Math.max(0, slot - (MapEntry.FANOUT - size));
        int high = Math.min(slot, size - 1);
        while (low <= high) {
            int middle = (low + high) >>> 1;
            int found = slotAt(middle);
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
            run.set(i, wordAt(position), checksumAt(position));
        } else if (base != FALL_THROUGH) {
            run.set(i, baseWord(), 0);
        }
    }
}
