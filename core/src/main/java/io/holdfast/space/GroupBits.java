package io.holdfast.space;

import io.holdfast.format.Layout;

/** Sets of the blocks of one group: a bit for each block, bit 0 of word 0 for the first. */
final class GroupBits {
    private GroupBits() {}

    /** Returns the blocks of a group that are never allocated: its head, and what lies beyond its end. */
    static long[] fixed(Layout layout, long group) {
        long[] bits = new long[Math.max(1, layout.groupBlocks() / Long.SIZE)];
        set(bits, 0, layout.headBlocks(group));
        set(bits, (int) (layout.groupEnd(group) - layout.groupStart(group)), layout.groupBlocks());
        if (group == 0) {
            int second = (int) layout.superblock(1, 0);
            set(bits, second, second + Layout.SUPERBLOCK_SLOTS);
        }
        return bits;
    }

    static void set(long[] bits, int from, int to) {
        for (int i = from; i < to; i++) {
            bits[i >>> 6] |= 1L << i;
        }
    }

    static boolean isSet(long[] bits, int index) {
        return (bits[index >>> 6] & (1L << index)) != 0;
    }

    static void clear(long[] bits, int from, int to) {
        for (int i = from; i < to; i++) {
            bits[i >>> 6] &= ~(1L << i);
        }
    }

    /** Returns the first bit from {@code from} on that is set, or that is clear; {@code end} if there is none before that. */
    static int next(long[] bits, int from, int end, boolean set) {
        int at = from;
        while (at < end) {
            long word = (set ? bits[at >>> 6] : ~bits[at >>> 6]) & (-1L << at);
            if (word != 0) {
                return Math.min(end, (at & -Long.SIZE) + Long.numberOfTrailingZeros(word));
            }
            at = (at & -Long.SIZE) + Long.SIZE;
        }
        return end;
    }

    /** Returns the first clear bit; there must be one. */
    static int firstClear(long[] bits) {
        int word = 0;
        while (bits[word] == -1) {
            word++;
        }
        return word * Long.SIZE + Long.numberOfTrailingZeros(~bits[word]);
    }

    /** Returns the last clear bit before {@code end}; there must be one. */
    static int lastClear(long[] bits, int end) {
        int at = end - 1;
        while (isSet(bits, at)) {
            at--;
        }
        return at;
    }

    static int count(long[] bits) {
        int count = 0;
        for (long word : bits) {
            count += Long.bitCount(word);
        }
        return count;
    }

    /** Returns the length of the longest run of clear bits. */
    static int longestRun(long[] bits) {
        int longest = 0;
        int run = 0;
        for (long word : bits) {
            if (word == 0) {
                run += 64;
                continue;
            }
            int at = 0;
            long left = word;
            while (left != 0) {
                int clear = Long.numberOfTrailingZeros(left) - at;
                longest = Math.max(longest, run + clear);
                at += clear;
                int ones = Long.numberOfTrailingZeros(~(word >>> at));
                at += ones;
                left = at >= 64 ? 0 : word & (-1L << at);
                run = 0;
            }
            run = 64 - at;
        }
        return Math.max(longest, run);
    }
}
