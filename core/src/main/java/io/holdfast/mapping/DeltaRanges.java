package io.holdfast.mapping;

/**
 * The runs of whole chunks in one state among one file's changes. Not thread-safe, but any threads may read while none
 * writes.
 *
 * <p>Invariants: ranges do not overlap, and none is empty. A range is an entry of {@code tree} under its first chunk, with its
 * state, and with a block of 16 bytes that has its end.
 */
final class DeltaRanges {
    static final long NONE = ChunkTree.NONE;
    private static final int END_ORDER = 0;

    private final ChangeArea area;
    private final ChunkTree tree;

    DeltaRanges(ChangeArea area) {
        this.area = area;
        this.tree = new ChunkTree(area);
    }

    boolean isEmpty() {
        return tree.isEmpty();
    }

    /** Forgets all; the area has been emptied. */
    void clear() {
        tree.clear();
    }

    // ---- looking: a range by its place, which holds until the next change ----

    /** Returns the range that a chunk lies in, or NONE. */
    long at(long chunk) {
        long place = tree.floor(chunk);
        return place != NONE && end(place) > chunk ? place : NONE;
    }

    /** Returns the last range that begins at or before a chunk, or NONE. */
    long floor(long chunk) {
        return tree.floor(chunk);
    }

    /** Returns the first range that begins at or after a chunk, or NONE. */
    long ceiling(long chunk) {
        return tree.ceiling(chunk);
    }

    /** Returns the last range, or NONE. */
    long last() {
        return tree.last();
    }

    long first(long place) {
        return tree.chunk(place);
    }

    /** Returns the chunk behind the range. */
    long end(long place) {
        return area.getLong(tree.block(place), 0);
    }

    int state(long place) {
        return tree.bits(place);
    }

    // ---- changing ----

    /** Adds a range where there is none. */
    void add(long first, long end, int state) {
        int block = area.allocate(END_ORDER);
        area.putLong(block, 0, end);
        tree.add(first, state, block);
    }

    /** Takes the chunks {@code from} to {@code to}, exclusive, out of the ranges. */
    void cut(long from, long to) {
        long before = tree.floor(from - 1);
        if (before != NONE && end(before) > from) {
            long end = end(before);
            int state = state(before);
            area.putLong(tree.block(before), 0, from);
            if (end > to) {
                add(to, end, state);
            }
        }
        while (true) {
            long inside = tree.ceiling(from);
            if (inside == NONE || first(inside) >= to) {
                return;
            }
            long end = end(inside);
            int state = state(inside);
            remove(inside);
            if (end > to) {
                add(to, end, state);
            }
        }
    }

    private void remove(long place) {
        area.release(tree.block(place), END_ORDER);
        tree.remove(first(place));
    }
}
