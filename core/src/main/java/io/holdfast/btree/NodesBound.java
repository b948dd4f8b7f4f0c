package io.holdfast.btree;

import io.holdfast.format.Item;

/**
 * An upper bound of the nodes that a batch writes.
 *
 * <p>The proof, level by level, of this for a tree that {@link BatchApply} made. C is a node's capacity, E the largest
 * entry of an inner node (322 bytes), I the largest item (1330 bytes).
 *
 * <ol>
 *   <li>A packer's <i>run</i> is the content that passes through it between two flushes. A full node that it cuts by
 *       itself takes more than C - I bytes (C - E in an inner level) of the run, and the flush at the end writes 1
 *       node, 2 only if more than C bytes are left, 3 only if more than 2C - I (2C - E). So a run of T bytes writes at
 *       most {@code 1 + T / (C - I)} nodes in level 0 and {@code 1 + T / (C - E)} above.
 *   <li>Every node but the root is filled to a quarter (a leaf) or a third (an inner node, so it has five children or
 *       more). A run can only be underfull before its first C/3 bytes.
 *   <li>Let c be the nodes of a level that changes fall into. A run starts with one of them, so there are at most c
 *       runs, and one more that {@code pullLeft} may start.
 *   <li>Level 0: unchanged leaves are opened only while the run is underfull, so the content before the last of them is
 *       less than C/3 and includes a changed leaf. A run with m changed leaves has at most {@code m*C + C/3} bytes plus
 *       b, its bytes from the batch.
 *   <li>That gives {@code c + (c*C + c*C/3 + batch) / (C - I)} nodes. Closer for small batches: over C bytes a run
 *       writes at most {@code 2 + (T - C) / (C - I)} nodes, rounded down. With one changed leaf that is at most
 *       {@code 2 + b / (C - I - C/3)}, and each further one adds less than 2; so at most
 *       {@code 2*c + batch / (C - I - C/3)}. Both bounds hold, so the smaller one does.
 *   <li>Level L above: after a changed node at most two unchanged ones are opened. The first can be needed by a level
 *       below, which opens at most two of its five children and shares the rest; from the first shared child on every
 *       packer below is empty. So the second is opened only if the run is underfull, and fills it. Either way this adds
 *       at most C bytes after each changed node. At the end {@code pullLeft} opens at most two: one on the way down,
 *       one because the run is underfull. So the runs have at most {@code 2*c*C + 2*C} bytes, plus E for each node
 *       written below.
 *   <li>c is at most the number of changes, and at most the number of the level's nodes: 1 at the root, and at each
 *       level a fifth of the nodes of the level below.
 *   <li>Above the old root only the pointers to new nodes arrive, until one is left. That one, the new root, is written twice.
 * </ol>
 */
final class NodesBound {
    private static final int ITEM_MAX = TreeNode.cost(Item.KEY_MAX, Item.VALUE_MAX);
    private static final int ENTRY_MAX = TreeNode.cost(Item.KEY_MAX, TreeNode.POINTER_SIZE);
    private static final int ITEM_OVERHEAD = TreeNode.cost(0, 0);
    private static final int CHILDREN_MIN = 5;

    private NodesBound() {}

    static long of(long changes, long bytes, int height, long treeNodes) {
        if (changes == 0) {
            return 0;
        }
        long capacity = TreeNode.CAPACITY;
        long levelNodes = treeNodes;
        long changed = height == 0 ? 0 : height == 1 ? 1 : Math.min(changes, levelNodes);
        long batch = bytes + changes * ITEM_OVERHEAD;
        long passed = changed * capacity + changed * capacity / 3 + batch;
        long written = changed + 1 + passed / (capacity - ITEM_MAX);
        if (height > 0) {
            written = Math.min(written, 2 * changed + batch / (capacity - ITEM_MAX - capacity / 3));
        }
        long total = written;
        for (int level = 1; level < height; level++) {
            levelNodes /= CHILDREN_MIN;
            changed = level == height - 1 ? 1 : Math.min(changes, Math.max(1, levelNodes));
            passed = (2 * changed + 2) * capacity + written * ENTRY_MAX;
            written = changed + 1 + passed / (capacity - ENTRY_MAX);
            total += written;
        }
        while (written > 1) {
            written = 1 + written * ENTRY_MAX / (capacity - ENTRY_MAX);
            total += written;
        }
        return total + 1;
    }
}
