package io.holdfast.file;

import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A set of block numbers that several threads change all the time and walk in ascending order: a radix tree with 64
 * parts a node (as the kernel's xarray) above bitmaps of 1024 blocks. Most changes allocate nothing.
 *
 * <p>Invariants, guarded by {@code lock}: a node's bit is set exactly if that part exists, and no part that exists is
 * empty; {@code root} is null exactly if the set is empty. Spare nodes are empty. A thread that holds the
 * lock takes no other lock and waits for nothing. {@code next} sees every block that was added before the call and not
 * removed.
 */
final class BlockIndex {
    private static final int LEAF_LOG2 = 10;
    private static final int LEAF_BLOCKS = 1 << LEAF_LOG2;
    private static final int FANOUT_LOG2 = 6;
    private static final int FANOUT = 1 << FANOUT_LOG2;
    private final ReentrantLock lock = new ReentrantLock();
    private final Spares leaves = new Spares();
    private final Spares inners = new Spares();
    private @Nullable Node root;
    /** How many levels the root is above a leaf. */
    private int height;

    private abstract static sealed class Node {
        /** Bit i: part i is not empty. */
        long used;
        /** The next spare node; null while this one is in the tree. */
        @Nullable
        Node nextSpare;
    }

    /**
     * Empty nodes kept for reuse, in a chain: at most as many as the tree has, and some. Blocks written at random come and
     * go with a leaf each. Such leaves live just long enough to reach the old generation, and would make garbage there.
     */
    private static final class Spares {
        private static final int ANYWAY = 64;

        private @Nullable Node first;
        private int count;
        private int inTree;

        /** Returns a spare node for the tree; null if there is none, and one is made. */
        @Nullable
        Node take() {
            inTree++;
            Node node = first;
            if (node != null) {
                first = node.nextSpare;
                node.nextSpare = null;
                count--;
            }
            return node;
        }

        /** Takes a node that has left the tree, and is empty. */
        void give(Node node) {
            inTree--;
            while (count > inTree + ANYWAY && first != null) {
                first = first.nextSpare;
                count--;
            }
            node.nextSpare = first;
            first = node;
            count++;
        }
    }

    private static final class Inner extends Node {
        final @Nullable Node[] children = new Node[FANOUT];
    }

    private static final class Leaf extends Node {
        final long[] words = new long[LEAF_BLOCKS / Long.SIZE];

        void add(int from, int to) {
            for (int i = from >>> 6; i <= (to - 1) >>> 6; i++) {
                words[i] |= mask(i, from, to);
                used |= 1L << i;
            }
        }

        void remove(int from, int to) {
            for (int i = from >>> 6; i <= (to - 1) >>> 6; i++) {
                words[i] &= ~mask(i, from, to);
                if (words[i] == 0) {
                    used &= ~(1L << i);
                }
            }
        }

        /** Returns the first block from {@code from} on, -1 if there is none. */
        int next(int from) {
            int i = from >>> 6;
            long word = words[i] & (-1L << from);
            if (word == 0) {
                long later = used & (-2L << i);
                if (later == 0) {
                    return -1;
                }
                i = Long.numberOfTrailingZeros(later);
                word = words[i];
            }
            return i * Long.SIZE + Long.numberOfTrailingZeros(word);
        }

        /** Returns the bits of word {@code i} that stand for blocks {@code from} to {@code to}, exclusive. */
        private static long mask(int i, int from, int to) {
            long mask = i == from >>> 6 ? -1L << from : -1L;
            return i == (to - 1) >>> 6 ? mask & (-1L >>> -to) : mask;
        }
    }

    void add(long block) {
        add(block, 1);
    }

    void remove(long block) {
        remove(block, 1);
    }

    /** Adds {@code count} blocks from {@code first} on. */
    void add(long first, int count) {
        long end = first + count;
        lock.lock();
        try {
            for (long block = first; block < end; ) {
                int from = (int) (block & (LEAF_BLOCKS - 1));
                int to = (int) Math.min(LEAF_BLOCKS, from + end - block);
                leafOf(block).add(from, to);
                block += to - from;
            }
        } finally {
            lock.unlock();
        }
    }

    /** Removes {@code count} blocks from {@code first} on. */
    void remove(long first, int count) {
        lock.lock();
        try {
            long end = Math.min(first + count, 1L << span(height));
            Node top = root;
            if (top != null && first < end && removedLast(top, height, first, end)) {
                giveUp(top);
                root = null;
            }
        } finally {
            lock.unlock();
        }
    }

    boolean contains(long block) {
        return next(block) == block;
    }

    boolean isEmpty() {
        lock.lock();
        try {
            return root == null;
        } finally {
            lock.unlock();
        }
    }

    /** Returns the first block from {@code from} on, {@code Long.MAX_VALUE} if there is none. */
    long next(long from) {
        lock.lock();
        try {
            long found = root == null || from >>> span(height) != 0 ? -1 : next(root, height, 0, from);
            return found < 0 ? Long.MAX_VALUE : found;
        } finally {
            lock.unlock();
        }
    }

    // ---- the tree, under the lock ----

    /** Returns the logarithm of how many blocks a node of that height stands for. */
    private static int span(int height) {
        return LEAF_LOG2 + FANOUT_LOG2 * height;
    }

    /** Returns the part of a node that a block lies in; the node has that height, at least 1. */
    private static int part(long block, int height) {
        return (int) (block >>> span(height - 1)) & (FANOUT - 1);
    }

    /** Returns the leaf for a block that is about to be added; makes it if it is missing. */
    private Leaf leafOf(long block) {
        Node node = rootOver(block);
        for (int level = height; node instanceof Inner inner; level--) {
            int part = part(block, level);
            Node child = inner.children[part];
            if (child == null) {
                child = made(level - 1);
                inner.children[part] = child;
                inner.used |= 1L << part;
            }
            node = child;
        }
        return (Leaf) node;
    }

    private Node rootOver(long block) {
        Node top = root;
        if (top == null) {
            height = 0;
            while (block >>> span(height) != 0) {
                height++;
            }
            top = made(height);
        }
        while (block >>> span(height) != 0) {
            Inner above = madeInner();
            above.children[0] = top;
            above.used = 1;
            top = above;
            height++;
        }
        if (root != top) {
            // Only if it changed: storing a reference costs a barrier of the garbage collector.
            root = top;
        }
        return top;
    }

    private Node made(int level) {
        if (level > 0) {
            return madeInner();
        }
        Node leaf = leaves.take();
        return leaf == null ? new Leaf() : leaf;
    }

    private Inner madeInner() {
        Node inner = inners.take();
        return inner == null ? new Inner() : (Inner) inner;
    }

    private void giveUp(Node node) {
        (node instanceof Leaf ? leaves : inners).give(node);
    }

    /** Removes blocks {@code from} to {@code to}, exclusive, within a node; returns whether it is empty now. */
    private boolean removedLast(Node node, int level, long from, long to) {
        if (node instanceof Leaf leaf) {
            leaf.remove((int) (from & (LEAF_BLOCKS - 1)), (int) ((to - 1) & (LEAF_BLOCKS - 1)) + 1);
            return leaf.used == 0;
        }
        Inner inner = (Inner) node;
        long size = 1L << span(level - 1);
        for (long block = from; block < to; block = (block | (size - 1)) + 1) {
            int part = part(block, level);
            Node child = inner.children[part];
            if (child != null && removedLast(child, level - 1, block, Math.min(to, (block | (size - 1)) + 1))) {
                inner.children[part] = null;
                inner.used &= ~(1L << part);
                giveUp(child);
            }
        }
        return inner.used == 0;
    }

    /** Returns the first block from {@code from} on within a node that begins at {@code base}, -1 if there is none. */
    private static long next(Node node, int level, long base, long from) {
        long begin = Math.max(base, from);
        if (node instanceof Leaf leaf) {
            int found = leaf.next((int) (begin - base));
            return found < 0 ? -1 : base + found;
        }
        Inner inner = (Inner) node;
        int shift = span(level - 1);
        for (long left = inner.used & (-1L << part(begin, level)); left != 0; left &= left - 1) {
            int part = Long.numberOfTrailingZeros(left);
            Node child = inner.children[part];
            long found = child == null ? -1 : next(child, level - 1, base + ((long) part << shift), from);
            if (found >= 0) {
                return found;
            }
        }
        return -1;
    }
}
