package io.holdfast.mapping;

/**
 * Chunks of a file in ascending order, each with some bits and a block of a {@link ChangeArea}: a B+ tree in that area.
 * Not thread-safe, but any threads may read while none writes.
 *
 * <p>Why a tree and not a hash table: the changes are asked for their neighbours and for the next one, not only for one
 * chunk. A hash table would need a second structure for that, and would have to move all of its entries when it grows,
 * under a lock that writers wait for. A node here is as large as it must be: 64 bytes with up to five chunks, then twice as
 * much, until it has 512 and is split. So a chunk takes 12 to some 20 bytes.
 *
 * <p>Invariants: a node's keys ascend, and no node is empty; without a chunk there is no root. All keys below an inner
 * node's child are at least the child's key, and less than the next child's. A change that finds no memory
 * throws before it has changed anything.
 */
final class ChunkTree {
    /** Bits beside a chunk's number. */
    static final int BITS = 20;

    static final long NONE = -1;

    private static final long BITS_MASK = (1L << BITS) - 1;

    private final ChangeArea area;
    private final ChunkNodes nodes;
    private int root;
    private int height;

    ChunkTree(ChangeArea area) {
        this.area = area;
        this.nodes = new ChunkNodes(area);
    }

    boolean isEmpty() {
        return root == 0;
    }

    /** Forgets all; the area has been emptied. */
    void clear() {
        root = 0;
        height = 0;
    }

    // ---- an entry, by its place, which holds until the next change ----

    long chunk(long place) {
        return nodes.keyAt(nodeOf(place), orderOf(place), positionOf(place)) >>> BITS;
    }

    int bits(long place) {
        return (int) (nodes.keyAt(nodeOf(place), orderOf(place), positionOf(place)) & BITS_MASK);
    }

    int block(long place) {
        return nodes.refAt(nodeOf(place), positionOf(place));
    }

    void set(long place, int bits, int block) {
        int node = nodeOf(place);
        int order = orderOf(place);
        int at = positionOf(place);
        nodes.putKey(node, order, at, (nodes.keyAt(node, order, at) & ~BITS_MASK) | bits);
        nodes.putRef(node, at, block);
    }

    // ---- searches ----

    /** Returns the place of a chunk, or NONE. */
    long find(long chunk) {
        if (root == 0) {
            return NONE;
        }
        int node = root;
        for (int level = height; level > 0; level--) {
            node = nodes.refAt(node, Math.max(0, nodes.lastNotAbove(node, chunk)));
        }
        int at = nodes.lastNotAbove(node, chunk);
        int order = nodes.order(node);
        return at >= 0 && nodes.keyAt(node, order, at) >>> BITS == chunk ? place(node, order, at) : NONE;
    }

    /** Returns the place of the last chunk that is not above {@code chunk}, or NONE. */
    long floor(long chunk) {
        if (root == 0 || chunk < 0) {
            return NONE;
        }
        int node = root;
        int before = 0;
        int beforeLevel = 0;
        for (int level = height; level > 0; level--) {
            int at = Math.max(0, nodes.lastNotAbove(node, chunk));
            if (at > 0) {
                before = nodes.refAt(node, at - 1);
                beforeLevel = level - 1;
            }
            node = nodes.refAt(node, at);
        }
        int at = nodes.lastNotAbove(node, chunk);
        if (at >= 0) {
            return place(node, at);
        }
        return before == 0 ? NONE : last(before, beforeLevel);
    }

    /** Returns the place of the first chunk that is not below {@code chunk}, or NONE. */
    long ceiling(long chunk) {
        if (root == 0) {
            return NONE;
        }
        int node = root;
        int after = 0;
        int afterLevel = 0;
        for (int level = height; level > 0; level--) {
            int at = Math.max(0, nodes.lastNotAbove(node, chunk));
            if (at + 1 < nodes.count(node)) {
                after = nodes.refAt(node, at + 1);
                afterLevel = level - 1;
            }
            node = nodes.refAt(node, at);
        }
        int at = nodes.lastNotAbove(node, chunk);
        if (at < 0 || nodes.keyAt(node, at) >>> BITS != chunk) {
            at++;
        }
        if (at < nodes.count(node)) {
            return place(node, at);
        }
        return after == 0 ? NONE : first(after, afterLevel);
    }

    /** Returns the place of the last chunk, or NONE. */
    long last() {
        return root == 0 ? NONE : last(root, height);
    }

    private long first(int from, int level) {
        int node = from;
        for (int i = level; i > 0; i--) {
            node = nodes.refAt(node, 0);
        }
        return place(node, 0);
    }

    private long last(int from, int level) {
        int node = from;
        for (int i = level; i > 0; i--) {
            node = nodes.refAt(node, nodes.count(node) - 1);
        }
        return place(node, nodes.count(node) - 1);
    }

    // ---- changes ----

    /** Adds a chunk that is not here, and returns its place. On the way down it makes room in each node that is full. */
    long add(long chunk, int bits, int block) {
        long key = (chunk << BITS) | bits;
        if (root == 0) {
            int node = nodes.create(0);
            nodes.insert(node, 0, key, block);
            root = node;
            return place(node, 0);
        }
        if (nodes.isFull(root)) {
            if (nodes.order(root) < ChunkNodes.ORDER_MAX) {
                root = grown(root);
            } else {
                int top = nodes.create(height + 1);
                nodes.insert(top, 0, nodes.keyAt(root, 0), root);
                makeRoom(top, 0, chunk);
                root = top;
                height++;
            }
        }
        int node = root;
        for (int level = height; level > 0; level--) {
            int at = nodes.lastNotAbove(node, chunk);
            if (at < 0) {
                at = 0;
                nodes.putKey(node, at, key);
            }
            if (nodes.isFull(nodes.refAt(node, at))) {
                makeRoom(node, at, chunk);
                at = Math.max(0, nodes.lastNotAbove(node, chunk));
            }
            node = nodes.refAt(node, at);
        }
        int at = nodes.lastNotAbove(node, chunk) + 1;
        nodes.insert(node, at, key, block);
        return place(node, at);
    }

    /** Makes room for a chunk in a full child; the parent has room. */
    private void makeRoom(int parent, int at, long chunk) {
        int child = nodes.refAt(parent, at);
        if (nodes.order(child) < ChunkNodes.ORDER_MAX) {
            nodes.putRef(parent, at, grown(child));
            return;
        }
        int count = nodes.count(child);
        // Most files grow at their end: there a node stays nearly full, and the next one begins.
        boolean atEnd = nodes.keyAt(child, count - 1) >>> BITS < chunk;
        int from = atEnd ? count - 1 : count / 2;
        boolean toRight = nodes.keyAt(child, from) >>> BITS <= chunk;
        int right = nodes.copy(child, from, count - from, toRight ? count - from + 1 : count - from);
        if (atEnd) {
            nodes.putCount(child, from);
        } else {
            nodes.putRef(parent, at, nodes.copy(child, 0, from, toRight ? from : from + 1));
            area.release(child, ChunkNodes.ORDER_MAX);
        }
        nodes.insert(parent, at + 1, nodes.keyAt(right, 0), right);
    }

    /** Returns a node in place of a full one that is not of the largest size. */
    private int grown(int node) {
        int grown = nodes.copy(node, 0, nodes.count(node), nodes.count(node) + 1);
        area.release(node, nodes.order(node));
        return grown;
    }

    /** Takes a chunk out that is here. */
    void remove(long chunk) {
        // The lowest node on the way that stays, and the position in it of what goes.
        int stays = 0;
        int goes = 0;
        int level = height;
        int staysLevel = 0;
        int node = root;
        while (true) {
            int at = Math.max(0, nodes.lastNotAbove(node, chunk));
            if (nodes.count(node) > 1) {
                stays = node;
                goes = at;
                staysLevel = level;
            }
            if (level == 0) {
                break;
            }
            node = nodes.refAt(node, at);
            level--;
        }
        if (stays == 0) {
            releaseWay(root, height);
            clear();
            return;
        }
        if (staysLevel > 0) {
            releaseWay(nodes.refAt(stays, goes), staysLevel - 1);
        }
        nodes.takeOut(stays, goes);
        while (height > 0 && nodes.count(root) == 1) {
            int child = nodes.refAt(root, 0);
            area.release(root, nodes.order(root));
            root = child;
            height--;
        }
    }

    /** Releases a node and those below it; each has one child. */
    private void releaseWay(int top, int topLevel) {
        int node = top;
        for (int level = topLevel; level >= 0; level--) {
            int child = nodes.refAt(node, 0);
            area.release(node, nodes.order(node));
            node = child;
        }
    }

    private long place(int node, int at) {
        return place(node, nodes.order(node), at);
    }

    private static long place(int node, int order, int at) {
        return ((long) node << 16) | (order << 8) | at;
    }

    private static int nodeOf(long place) {
        return (int) (place >>> 16);
    }

    private static int orderOf(long place) {
        return (int) (place >>> 8) & 0xff;
    }

    private static int positionOf(long place) {
        return (int) (place & 0xff);
    }
}
