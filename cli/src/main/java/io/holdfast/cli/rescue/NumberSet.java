package io.holdfast.cli.rescue;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * A set of inode numbers, a bit for each. Numbers are given out one after the other, so it takes about as many bits as the
 * volume ever had files.
 */
final class NumberSet {
    private static final int PAGE_LOG2 = 15;

    private final Map<Long, BitSet> pages = new HashMap<>();

    /** Adds a number; returns false if it was there. */
    boolean add(long number) {
        BitSet page = pages.computeIfAbsent(number >>> PAGE_LOG2, key -> new BitSet());
        int bit = (int) (number & ((1 << PAGE_LOG2) - 1));
        boolean fresh = !page.get(bit);
        page.set(bit);
        return fresh;
    }

    boolean contains(long number) {
        BitSet page = pages.get(number >>> PAGE_LOG2);
        return page != null && page.get((int) (number & ((1 << PAGE_LOG2) - 1)));
    }
}
