package io.holdfast.mapping;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The nodes of a {@link ChunkTree}, in blocks of a {@link ChangeArea} of 64 to 512 bytes: {@code 16 << order}.
 *
 * <pre>
 * node        0  keys in use (16 bits), order (8), level (8; leaves have 0)
 *             4  c references: the block of each key; in inner nodes a child
 *      4 + 4c    c keys: 44 bits of the chunk, 20 bits beside it
 * </pre>
 */
final class ChunkNodes {
    static final int ORDER_MIN = 2;
    static final int ORDER_MAX = 5;
    private static final int META = 0;
    private static final int REFS = 4;

    private final ChangeArea area;

    ChunkNodes(ChangeArea area) {
        this.area = area;
    }

    /** Returns the position of the last key that is not above a chunk, -1 if all are. */
    int lastNotAbove(int node, long chunk) {
        MemorySegment memory = area.extentOf(node);
        long base = ChangeArea.offsetOf(node);
        int meta = memory.get(ValueLayout.JAVA_INT, base);
        long keys = base + keysAt(orderIn(meta));
        int low = 0;
        int high = countIn(meta) - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (memory.get(ValueLayout.JAVA_LONG_UNALIGNED, keys + 8L * middle) >>> ChunkTree.BITS <= chunk) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return high;
    }

    int create(int level) {
        int node = area.allocate(ORDER_MIN);
        area.putInt(node, META, (ORDER_MIN << 16) | (level << 24));
        return node;
    }

    /** Returns a new node with a part of another one, and with room for {@code room} keys. */
    int copy(int from, int first, int count, int room) {
        int order = orderFor(room);
        int node = area.allocate(order);
        area.putInt(node, META, count | (order << 16) | (level(from) << 24));
        area.copy(from, keysAt(order(from)) + 8L * first, node, keysAt(order), 8L * count);
        area.copy(from, REFS + 4L * first, node, REFS, 4L * count);
        return node;
    }

    void insert(int node, int at, long key, int ref) {
        int count = count(node);
        long keys = keysAt(order(node));
        area.copy(node, keys + 8L * at, node, keys + 8L * (at + 1), 8L * (count - at));
        area.copy(node, REFS + 4L * at, node, REFS + 4L * (at + 1), 4L * (count - at));
        putCount(node, count + 1);
        putKey(node, at, key);
        putRef(node, at, ref);
    }

    void takeOut(int node, int at) {
        int left = count(node) - 1;
        long keys = keysAt(order(node));
        area.copy(node, keys + 8L * (at + 1), node, keys + 8L * at, 8L * (left - at));
        area.copy(node, REFS + 4L * (at + 1), node, REFS + 4L * at, 4L * (left - at));
        putCount(node, left);
    }

    boolean isFull(int node) {
        return count(node) == capacity(order(node));
    }

    int count(int node) {
        return countIn(area.getInt(node, META));
    }

    void putCount(int node, int count) {
        area.putInt(node, META, (area.getInt(node, META) & ~0xffff) | count);
    }

    int order(int node) {
        return orderIn(area.getInt(node, META));
    }

    private int level(int node) {
        return area.getInt(node, META) >>> 24;
    }

    long keyAt(int node, int at) {
        return keyAt(node, order(node), at);
    }

    /** Does as {@link #keyAt(int, int)} for a node whose order is known. */
    long keyAt(int node, int order, int at) {
        return area.getLong(node, keysAt(order) + 8L * at);
    }

    void putKey(int node, int at, long key) {
        putKey(node, order(node), at, key);
    }

    void putKey(int node, int order, int at, long key) {
        area.putLong(node, keysAt(order) + 8L * at, key);
    }

    int refAt(int node, int at) {
        return area.getInt(node, REFS + 4L * at);
    }

    void putRef(int node, int at, int ref) {
        area.putInt(node, REFS + 4L * at, ref);
    }

    private static int countIn(int meta) {
        return meta & 0xffff;
    }

    private static int orderIn(int meta) {
        return (meta >>> 16) & 0xff;
    }

    /** Returns how many keys a block of an order has room for: 5, 10, 21, 42. */
    private static int capacity(int order) {
        return ((16 << order) - REFS) / (Long.BYTES + Integer.BYTES);
    }

    private static long keysAt(int order) {
        return REFS + 4L * capacity(order);
    }

    private static int orderFor(int keys) {
        int order = ORDER_MIN;
        while (capacity(order) < keys) {
            order++;
        }
        return order;
    }
}
