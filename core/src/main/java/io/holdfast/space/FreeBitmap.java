package io.holdfast.space;

import io.holdfast.format.Layout;

/**
 * The blocks that must not be allocated now: one bit a block, set for a block in use, or dead but not yet safe to
 * reuse. Not thread-safe; {@link SpaceManager} guards it.
 *
 * <p>Memory: 32 MiB for a terabyte.
 */
final class FreeBitmap {
    private static final int GROUP_BLOCKS = Layout.BITS_PER_LEAF;
    /** A search looks at so many groups with free blocks before it takes the longest run seen. */
    private static final int GROUPS_SEARCHED = 16;
    /**
     * And it looks at so many words with free blocks for each block of the longest run seen. If free blocks lie
     * scattered, all words have some, and a longer search would find a run that is hardly longer.
     */
    private static final int WORDS_PER_BLOCK = 32;

    private static final int WORDS_MIN = 192;
    private static final int WORDS_MAX = 1024;

    private final long blocks;
    private final long[] words;
    private final int[] freeInGroup;
    private long free;
    private long cursor;
    /** The longest run that the present search has seen. */
    private long bestStart;

    private long bestLength;
    /** How many words with free blocks the present search has looked at. */
    private int looked;

    FreeBitmap(long blocks) {
        this.blocks = blocks;
        words = new long[Math.toIntExact((blocks + 63) / 64)];
        freeInGroup = new int[Math.toIntExact((blocks + GROUP_BLOCKS - 1) / GROUP_BLOCKS)];
        for (int g = 0; g < freeInGroup.length; g++) {
            freeInGroup[g] = (int) Math.min(GROUP_BLOCKS, blocks - (long) g * GROUP_BLOCKS);
        }
        for (long b = blocks; b < (long) words.length * 64; b++) {
            words[(int) (b >>> 6)] |= 1L << (b & 63);
        }
        free = blocks;
    }

    long free() {
        return free;
    }

    boolean isBusy(long block) {
        return (words[(int) (block >>> 6)] & (1L << (block & 63))) != 0;
    }

    void setBusy(long block) {
        if (isBusy(block)) {
            throw new IllegalStateException("block %d is in use already".formatted(block));
        }
        words[(int) (block >>> 6)] |= 1L << (block & 63);
        freeInGroup[(int) (block / GROUP_BLOCKS)]--;
        free--;
    }

    void setFree(long block) {
        if (!isBusy(block)) {
            throw new IllegalStateException("block %d is free already".formatted(block));
        }
        words[(int) (block >>> 6)] &= ~(1L << (block & 63));
        freeInGroup[(int) (block / GROUP_BLOCKS)]++;
        free++;
    }

    /**
     * Finds and takes a run of free blocks: one of {@code wanted} blocks if there is one nearby, else the longest one
     * nearby.
     *
     * @return first block, and the length in {@code lengthOut[0]}; -1 if nothing is free
     */
    long take(int wanted, int[] lengthOut) {
        if (free == 0) {
            return -1;
        }
        bestLength = 0;
        int searched = 0;
        looked = 0;
        int groups = freeInGroup.length;
        int firstGroup = (int) (cursor / GROUP_BLOCKS);
        for (int i = 0; i <= groups && bestLength < wanted; i++) {
            if (bestLength > 0 && (searched == GROUPS_SEARCHED || !isWorthLooking())) {
                break;
            }
            int group = (firstGroup + i) % groups;
            if (freeInGroup[group] == 0) {
                continue;
            }
            searched++;
            long from = i == 0 ? cursor : (long) group * GROUP_BLOCKS;
            long to = Math.min((long) (group + 1) * GROUP_BLOCKS, blocks);
            search(from, to, wanted);
        }
        if (bestLength == 0) {
            return -1;
        }
        for (long b = bestStart; b < bestStart + bestLength; b++) {
            setBusy(b);
        }
        cursor = (bestStart + bestLength) % blocks;
        lengthOut[0] = (int) bestLength;
        return bestStart;
    }

    private boolean isWorthLooking() {
        return looked < Math.clamp(WORDS_PER_BLOCK * bestLength, WORDS_MIN, WORDS_MAX);
    }

    /** Looks in a range of blocks for the start of a run longer than the best, of up to {@code wanted} blocks. */
    private void search(long from, long to, int wanted) {
        for (long at = from; at < to && bestLength < wanted && isWorthLooking(); at = (at & ~63L) + 64) {
            long open = ~words[(int) (at >>> 6)] & (-1L << at);
            if (open == 0) {
                continue;
            }
            looked++;
            long base = at & ~63L;
            for (long starts = startsOf(open, bestLength + 1);
                    starts != 0 && bestLength < wanted;
                    starts = startsOf(open, bestLength + 1)) {
                consider(base + Long.numberOfTrailingZeros(starts), wanted);
            }
            if (open < 0) {
                // The last run of the word may go on in the next one.
                consider(base + 64 - Long.numberOfLeadingZeros(~open), wanted);
            }
        }
    }

    private void consider(long start, int wanted) {
        long length = runEnd(start, Math.min(start + wanted, blocks)) - start;
        if (length > bestLength) {
            bestStart = start;
            bestLength = length;
        }
    }

    /** Returns a bit for each place where a run of {@code length} set bits begins. */
    private static long startsOf(long bits, long length) {
        if (length > 64) {
            return 0;
        }
        long starts = bits;
        for (long left = length; left > 1 && starts != 0; left -= left >>> 1) {
            starts &= starts >>> (left >>> 1);
        }
        return starts;
    }

    private long runEnd(long from, long to) {
        long b = from;
        while (b < to) {
            long busy = words[(int) (b >>> 6)] & (-1L << (b & 63));
            if (busy != 0) {
                return Math.min((b & ~63L) + Long.numberOfTrailingZeros(busy), to);
            }
            b = (b & ~63L) + 64;
        }
        return to;
    }
}
