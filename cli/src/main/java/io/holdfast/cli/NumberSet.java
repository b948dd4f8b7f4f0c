package io.holdfast.cli;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * A set of inode numbers, a bit for each. Numbers are given out one after the other, so it takes about as many bits as the
 * volume ever had files.
 *
 * <p>Invariant: there are at most {@code pagesMax} pages of 4 KiB.
 */
public final class NumberSet {
    private static final int PAGE_LOG2 = 15;

    private final Map<Long, BitSet> pages = new HashMap<>();
    private final int pagesMax;

    /** Makes an empty set that grows as it needs. */
    public NumberSet() {
        this(Integer.MAX_VALUE);
    }

    /** Makes an empty set that has room for any numbers out of {@code pagesMax} times 32,768 neighbours. */
    public NumberSet(int pagesMax) {
        this.pagesMax = pagesMax;
    }

    /** Returns whether there is room for a number; what was added before always has its room. */
    public boolean hasRoomFor(long number) {
        return pages.size() < pagesMax || pages.containsKey(number >>> PAGE_LOG2);
    }

    /** Adds a number, for which there must be room; returns false if it was there. */
    public boolean add(long number) {
        BitSet page = pages.computeIfAbsent(number >>> PAGE_LOG2, key -> new BitSet());
        int bit = (int) (number & ((1 << PAGE_LOG2) - 1));
        boolean fresh = !page.get(bit);
        page.set(bit);
        return fresh;
    }

    public boolean contains(long number) {
        BitSet page = pages.get(number >>> PAGE_LOG2);
        return page != null && page.get((int) (number & ((1 << PAGE_LOG2) - 1)));
    }
}
