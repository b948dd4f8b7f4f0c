package io.holdfast.file;

import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The pages of one file, by block: a hash table whose chains go through the pages themselves, so adding and removing a
 * page allocates nothing.
 *
 * <p>Invariants: a page is in at most one table, and there at most once; {@link Page#next} and {@link Page#block} of a
 * page in the table change only under the segment's lock. No thread waits while it holds a segment's lock. The table
 * hands out pages locked or pinned. The caller unpins a pinned page once it has the page's lock, or does not want it.
 */
final class PageTable {
    /** Segments, each with its own lock, so that threads seldom meet. */
    private static final int SEGMENTS_LOG2 = 3;

    private static final int SEGMENTS = 1 << SEGMENTS_LOG2;

    /** So many neighbouring blocks share a segment, and have neighbouring buckets there. */
    private static final int NEIGHBOURS_LOG2 = 4;

    private static final int BUCKETS_MIN = 4;
    private static final int BUCKETS_MAX = 1 << 28;

    private final Segment[] segments = new Segment[SEGMENTS];

    PageTable() {
        for (int i = 0; i < SEGMENTS; i++) {
            segments[i] = new Segment();
        }
    }

    private static int hash(long block) {
        int folded = (int) (block ^ (block >>> 32));
        return folded ^ (folded >>> 16);
    }

    private Segment segment(long block) {
        return segments[(hash(block) >>> NEIGHBOURS_LOG2) & (SEGMENTS - 1)];
    }

    /** Returns the page of a block, locked and perhaps dead; null if there is none. */
    @Nullable
    Page lock(long block) {
        return segment(block).lock(block);
    }

    /** Returns the page of a block, pinned; null if there is none. */
    @Nullable
    Page pin(long block) {
        return segment(block).pin(block);
    }

    boolean contains(long block) {
        return segment(block).contains(block);
    }

    /** Puts a page in unless its block has one already; returns whether it is in. */
    boolean add(Page page) {
        return segment(page.block).add(page, false) == null;
    }

    /** Puts a page in and returns null. If its block has a page already, pins and returns that. */
    @Nullable
    Page addOrPin(Page page) {
        return segment(page.block).add(page, true);
    }

    /** Takes a page out, if it is in. */
    void remove(Page page) {
        segment(page.block).replace(page, null);
    }

    /** Replaces a page by another one of the same block; returns false if the page is not in the table. */
    boolean replace(Page page, Page by) {
        return segment(page.block).replace(page, by);
    }

    /** Returns how many pages are in; a moment's view. */
    int size() {
        int size = 0;
        for (Segment segment : segments) {
            size += segment.size();
        }
        return size;
    }

    boolean isEmpty() {
        return size() == 0;
    }

    /** Calls {@code action}, with no lock held, for each block that has a page throughout, and perhaps for others. */
    void forEachBlock(LongConsumer action) {
        for (Segment segment : segments) {
            for (long block : segment.blocks()) {
                action.accept(block);
            }
        }
    }

    private static final class Segment {
        private final ReentrantLock lock = new ReentrantLock();
        private @Nullable Page[] heads = new Page[BUCKETS_MIN];
        private int size;

        private static int bucket(long block, int buckets) {
            int hash = hash(block);
            int neighbour = hash & ((1 << NEIGHBOURS_LOG2) - 1);
            return (hash >>> (SEGMENTS_LOG2 + NEIGHBOURS_LOG2) << NEIGHBOURS_LOG2 | neighbour) & (buckets - 1);
        }

        @Nullable
        Page lock(long block) {
            Page page;
            boolean locked;
            lock.lock();
            try {
                page = find(block);
                if (page == null) {
                    return null;
                }
                locked = page.lock.tryLock();
                if (!locked) {
                    page.pin();
                }
            } finally {
                lock.unlock();
            }
            if (!locked) {
                page.lock.lock();
                page.unpin();
            }
            return page;
        }

        @Nullable
        Page pin(long block) {
            lock.lock();
            try {
                Page page = find(block);
                if (page != null) {
                    page.pin();
                }
                return page;
            } finally {
                lock.unlock();
            }
        }

        boolean contains(long block) {
            lock.lock();
            try {
                return find(block) != null;
            } finally {
                lock.unlock();
            }
        }

        private @Nullable Page find(long block) {
            Page page = heads[bucket(block, heads.length)];
            while (page != null && page.block != block) {
                page = page.next;
            }
            return page;
        }

        @Nullable
        Page add(Page page, boolean pins) {
            lock.lock();
            try {
                Page found = find(page.block);
                if (found != null && pins) {
                    found.pin();
                }
                if (found == null) {
                    if (size >= heads.length && heads.length < BUCKETS_MAX) {
                        grow();
                    }
                    push(heads, page);
                    size++;
                }
                return found;
            } finally {
                lock.unlock();
            }
        }

        private static void push(@Nullable Page[] heads, Page page) {
            int bucket = bucket(page.block, heads.length);
            page.next = heads[bucket];
            heads[bucket] = page;
        }

        /** Doubles the buckets; without memory for that the chains become longer. */
        private void grow() {
            @Nullable Page[] grown;
            try {
                grown = new Page[heads.length * 2];
            } catch (OutOfMemoryError e) {
                return;
            }
            for (Page head : heads) {
                Page next;
                for (Page page = head; page != null; page = next) {
                    next = page.next;
                    push(grown, page);
                }
            }
            heads = grown;
        }

        /** Replaces a page by {@code by}, or removes it for null; returns false if the page is not in the table. */
        boolean replace(Page page, @Nullable Page by) {
            lock.lock();
            try {
                int bucket = bucket(page.block, heads.length);
                Page before = null;
                Page at = heads[bucket];
                while (at != null && at != page) {
                    before = at;
                    at = at.next;
                }
                if (at == null) {
                    return false;
                }
                Page after = page.next;
                if (by == null) {
                    size--;
                } else {
                    by.next = after;
                    after = by;
                }
                if (before == null) {
                    heads[bucket] = after;
                } else {
                    before.next = after;
                }
                page.next = null;
                return true;
            } finally {
                lock.unlock();
            }
        }

        int size() {
            lock.lock();
            try {
                return size;
            } finally {
                lock.unlock();
            }
        }

        long[] blocks() {
            lock.lock();
            try {
                long[] blocks = new long[size];
                int i = 0;
                for (Page head : heads) {
                    for (Page page = head; page != null; page = page.next) {
                        blocks[i++] = page.block;
                    }
                }
                return blocks;
            } finally {
                lock.unlock();
            }
        }
    }
}
