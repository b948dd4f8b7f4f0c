package io.holdfast.space;

import io.holdfast.format.Layout;
import java.util.Arrays;
import java.util.function.LongToIntFunction;

/**
 * How many blocks of each group are free, and which groups are worth loading. Not thread-safe; {@link SpaceManager}
 * guards it.
 *
 * <p>Invariants: a group is <em>open</em> if it is not loaded and has free blocks, and <em>roomy</em> if it is open and
 * at least one sixteenth free. The counts lie in pages, so that a volume grows without a copy of what there is: only the
 * last page of before is filled under the lock.
 *
 * <p>Memory: some 4 bytes for each group.
 */
final class FreeCounts {
    private static final int PAGE_LOG2 = 12;
    private static final int PAGE_GROUPS = 1 << PAGE_LOG2;
    private static final int PAGE_WORDS = PAGE_GROUPS / Long.SIZE;

    /** The counts of some groups. */
    private static final class Page {
        final int[] free = new int[PAGE_GROUPS];
        final long[] open = new long[PAGE_WORDS];
        final long[] roomy = new long[PAGE_WORDS];
    }

    private final int roomyMin;
    private Page[] pages = {};
    private long groups;

    FreeCounts(Layout layout, LongToIntFunction free) {
        roomyMin = layout.groupBlocks() / 16;
        groups = layout.groups();
        pages = pages(groups);
        for (long group = 0; group < groups; group++) {
            put(page(group), group, free.applyAsInt(group), false);
        }
    }

    private Page[] pages(long count) {
        Page[] more = Arrays.copyOf(pages, Math.toIntExact(Math.ceilDiv(count, PAGE_GROUPS)));
        for (int i = pages.length; i < more.length; i++) {
            more[i] = new Page();
        }
        return more;
    }

    private Page page(long group) {
        return pages[(int) (group >>> PAGE_LOG2)];
    }

    private static int at(long group) {
        return (int) group & (PAGE_GROUPS - 1);
    }

    int get(long group) {
        return page(group).free[at(group)];
    }

    long sum() {
        long sum = 0;
        for (long group = 0; group < groups; group++) {
            sum += get(group);
        }
        return sum;
    }

    void add(long group, int blocks, boolean isLoaded) {
        put(page(group), group, get(group) + blocks, isLoaded);
    }

    /** Notes whether a group is loaded now. */
    void mark(long group, boolean isLoaded) {
        put(page(group), group, get(group), isLoaded);
    }

    private void put(Page page, long group, int free, boolean isLoaded) {
        int at = at(group);
        page.free[at] = free;
        boolean open = free > 0 && !isLoaded;
        set(page.open, at, open);
        set(page.roomy, at, open && free >= roomyMin);
    }

    private static void set(long[] bits, int index, boolean on) {
        if (on) {
            bits[index >>> 6] |= 1L << index;
        } else {
            bits[index >>> 6] &= ~(1L << index);
        }
    }

    // ---- search ----

    /**
     * Returns the first roomy group at or after {@code from}, or from the beginning; else the first open one; -1 if no
     * group is open.
     */
    long next(long from) {
        long next = next(true, from);
        return next >= 0 ? next : next(false, from);
    }

    private long next(boolean roomy, long from) {
        int words = pages.length * PAGE_WORDS;
        int first = (int) (from >>> 6);
        for (int i = 0; i <= words; i++) {
            int word = (first + i) % words;
            Page page = pages[word / PAGE_WORDS];
            long found = (roomy ? page.roomy : page.open)[word % PAGE_WORDS];
            if (i == 0) {
                found &= -1L << from;
            } else if (i == words) {
                found &= ~(-1L << from);
            }
            if (found != 0) {
                return ((long) word << 6) + Long.numberOfTrailingZeros(found);
            }
        }
        return -1;
    }

    // ---- growing ----

    /** The counts of a larger volume, made beforehand. */
    static final class Larger {
        private final Layout layout;
        /** Those of now, and new ones with all of their groups free. */
        private final Page[] pages;
        /** Free blocks of the groups in new pages. */
        private final long added;

        private Larger(Layout layout, Page[] pages, long added) {
            this.layout = layout;
            this.pages = pages;
            this.added = added;
        }

        Layout layout() {
            return layout;
        }
    }

    /** Makes what {@link #grow} takes. Reads nothing but what only that changes. */
    Larger prepare(Layout smaller, Layout larger) {
        Page[] more = pages(larger.groups());
        long added = 0;
        for (long group = Math.max(smaller.groups(), endOfPages()); group < larger.groups(); group++) {
            int free = larger.usable(group);
            put(more[(int) (group >>> PAGE_LOG2)], group, free, false);
            added += free;
        }
        return new Larger(larger, more, added);
    }

    private long endOfPages() {
        return (long) pages.length << PAGE_LOG2;
    }

    /** Takes the groups of a larger volume; returns how many blocks of them are free. */
    long grow(Larger larger) {
        long added = larger.added;
        long end = Math.min(endOfPages(), larger.layout.groups());
        for (long group = groups; group < end; group++) {
            int free = larger.layout.usable(group);
            put(page(group), group, free, false);
            added += free;
        }
        pages = larger.pages;
        groups = larger.layout.groups();
        return added;
    }
}
