package io.holdfast.check;

import io.holdfast.format.Layout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * What points to the blocks of each group, as two sums: how many pointers there are, and the sum of a hash of the blocks that they lead to. A bitmap has the
 * same sums if, and but for one chance in 2^64 only if, each of its blocks has one pointer and no other block of the group has any. So 16 bytes, outside the heap, tell
 * for a group whether its bitmap is right and no block of it is used twice. Used by one thread.
 */
final class GroupSums {
    /** Bytes for each group. */
    static final int BYTES = 2 * Long.BYTES;

    private final MemorySegment sums;
    private final int groupLog2;
    private final long key;

    /** @param key of the hash; nobody who makes a volume can know it before */
    GroupSums(Layout layout, long key, Arena arena) {
        this.sums = arena.allocate(layout.groups() * BYTES, Long.BYTES);
        this.groupLog2 = layout.groupLog2();
        this.key = mixed(key);
    }

    /** Counts a pointer to a block. */
    void add(long block) {
        long at = (block >>> groupLog2) * 2;
        sums.setAtIndex(ValueLayout.JAVA_LONG, at, sums.getAtIndex(ValueLayout.JAVA_LONG, at) + 1);
        sums.setAtIndex(ValueLayout.JAVA_LONG, at + 1, sums.getAtIndex(ValueLayout.JAVA_LONG, at + 1) + hash(block));
    }

    /** Returns whether the blocks of a group whose bits are set have one pointer each, and no other block has any; null stands for no bits. */
    boolean match(long group, long @Nullable [] bits) {
        long count = 0;
        long sum = 0;
        for (int i = 0; bits != null && i < bits.length; i++) {
            count += Long.bitCount(bits[i]);
            for (long rest = bits[i]; rest != 0; rest &= rest - 1) {
                sum += hash((group << groupLog2) + (long) i * Long.SIZE + Long.numberOfTrailingZeros(rest));
            }
        }
        return count == sums.getAtIndex(ValueLayout.JAVA_LONG, group * 2)
                && sum == sums.getAtIndex(ValueLayout.JAVA_LONG, group * 2 + 1);
    }

    private long hash(long block) {
        return mixed(mixed(block ^ key) + key);
    }

    /** The last step of SplitMix64 (Steele, Lea, Flood 2014): any bit of the argument changes about half of the result. */
    private static long mixed(long value) {
        long z = value + 0x9e3779b97f4a7c15L;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
