package io.holdfast.check;

/** A set of blocks as a bitmap: 32 MiB for a terabyte. Not thread-safe. */
final class BlockSet {
    private final long[] words;

    BlockSet(long blocks) {
        words = new long[Math.toIntExact((blocks + 63) / 64)];
    }

    /** Adds a block; returns false if it was there. */
    boolean add(long block) {
        int word = (int) (block >>> 6);
        long bit = 1L << (block & 63);
        boolean added = (words[word] & bit) == 0;
        words[word] |= bit;
        return added;
    }

    boolean contains(long block) {
        return (words[(int) (block >>> 6)] & (1L << (block & 63))) != 0;
    }

    /** Returns the first block at or after {@code from} that is in exactly one of the two sets, or -1. */
    long firstDifference(BlockSet other, long from) {
        if (from >>> 6 >= words.length) {
            return -1;
        }
        int word = (int) (from >>> 6);
        long difference = (words[word] ^ other.words[word]) & (-1L << (from & 63));
        while (difference == 0) {
            if (++word == words.length) {
                return -1;
            }
            difference = words[word] ^ other.words[word];
        }
        return ((long) word << 6) + Long.numberOfTrailingZeros(difference);
    }
}
