package io.holdfast.check;

import io.holdfast.format.Layout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * A set of blocks of those groups that have a unit in {@link ExactGroups}: a bitmap for each of them, 4 KiB for 128 MiB, outside the heap: a server that is
 * checked has a small one. Not thread-safe.
 */
final class BlockSet {
    /** Bitmaps in one allocation. */
    private static final int SLAB_UNITS = 64;

    private final ExactGroups groups;
    private final Arena arena;
    private final int groupLog2;
    private final int words;
    private final int slabUnits;
    private final List<MemorySegment> slabs = new ArrayList<>();

    /** @param arena where the bitmaps lie */
    BlockSet(Layout layout, ExactGroups groups, Arena arena) {
        this.groups = groups;
        this.arena = arena;
        this.groupLog2 = layout.groupLog2();
        this.words = Math.max(1, layout.groupBlocks() / Long.SIZE);
        this.slabUnits = Math.min(SLAB_UNITS, groups.max());
    }

    /** Returns the bytes for one group. */
    static int bytesEach(Layout layout) {
        return Math.max(1, layout.groupBlocks() / Long.SIZE) * Long.BYTES;
    }

    /** Returns whether the set can have blocks of a block's group. */
    boolean holds(long block) {
        return groups.unit(block >>> groupLog2) > 0;
    }

    /** Adds a block of a group that the set {@link #holds}; returns false if it was there. */
    boolean add(long block) {
        int unit = groups.unit(block >>> groupLog2);
        int word = wordIn(block);
        long bit = 1L << block;
        long before = word(unit, word);
        if ((before & bit) != 0) {
            return false;
        }
        put(unit, word, before | bit);
        return true;
    }

    /** Adds the blocks of a group whose bits are set; returns false if the set does not hold that. */
    boolean addAll(long group, long[] bits) {
        int unit = groups.unit(group);
        if (unit == 0) {
            return false;
        }
        for (int i = 0; i < bits.length; i++) {
            if (bits[i] != 0) {
                put(unit, i, word(unit, i) | bits[i]);
            }
        }
        return true;
    }

    /** Takes the blocks of a unit out. The memory stays. */
    void clear(int unit) {
        int index = (unit - 1) / slabUnits;
        if (index < slabs.size()) {
            slabs.get(index)
                    .asSlice(at(unit, 0) * Long.BYTES, (long) words * Long.BYTES)
                    .fill((byte) 0);
        }
    }

    boolean contains(long block) {
        return (wordOf(block) & (1L << block)) != 0;
    }

    /** Returns the bits of the 64 blocks that a block is among, the first one in the lowest bit. */
    long wordOf(long block) {
        int unit = groups.unitIfAny(block >>> groupLog2);
        return unit == 0 ? 0 : word(unit, wordIn(block));
    }

    /** Returns how many blocks of a group are here. */
    int count(long group) {
        int unit = groups.unitIfAny(group);
        int count = 0;
        for (int i = 0; unit > 0 && i < words; i++) {
            count += Long.bitCount(word(unit, i));
        }
        return count;
    }

    private int wordIn(long block) {
        return (int) (block & ((1L << groupLog2) - 1)) >>> 6;
    }

    private long word(int unit, int word) {
        int index = (unit - 1) / slabUnits;
        return index < slabs.size() ? slabs.get(index).getAtIndex(ValueLayout.JAVA_LONG, at(unit, word)) : 0;
    }

    private void put(int unit, int word, long value) {
        int index = (unit - 1) / slabUnits;
        while (slabs.size() <= index) {
            slabs.add(arena.allocate((long) slabUnits * words * Long.BYTES, Long.BYTES));
        }
        slabs.get(index).setAtIndex(ValueLayout.JAVA_LONG, at(unit, word), value);
    }

    private long at(int unit, int word) {
        return (unit - 1) % slabUnits * (long) words + word;
    }
}
