package io.holdfast.btree;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Item;
import io.holdfast.node.NodeReader;
import io.holdfast.node.NodeWriter;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * A copy-on-write B+tree of {@link Item}s. It is stateless: a tree is its root pointer, {@link BlockPointer#NONE} if it
 * is empty, and never changes; {@link #apply} makes another that shares what did not change. The block layout is in
 * {@link TreeNode}.
 *
 * <p>Every node is checked before it is believed, although its checksum matched: the checksum proves what was written,
 * not that it was right. All methods throw {@code DAMAGED}, naming the node's block, for one that is not.
 */
public final class BTree {
    private BTree() {}

    /** Returns a copy of the value, or null if there is no such item. */
    public static byte @Nullable [] get(NodeReader reader, BlockPointer root, byte[] key) throws HoldfastException {
        if (root.isNone()) {
            return null;
        }
        TreeNode node = TreeNode.readRoot(reader, root);
        byte @Nullable [] high = null;
        while (!node.isLeaf()) {
            int at = node.childFor(key);
            high = node.childHigh(at, high);
            node = TreeNode.readChild(reader, node.child(at), node.level() - 1, node.key(at), high);
        }
        int at = node.ceiling(key);
        return at < node.count() && node.compareKey(at, key) == 0 ? node.value(at) : null;
    }

    /** Returns a cursor over the items from {@code from} (inclusive) on, in ascending order. */
    public static BTreeCursor cursor(NodeReader reader, BlockPointer root, byte[] from) {
        return new BTreeCursor(reader, root, from);
    }

    /**
     * Makes a tree with a batch of changes applied. Only the paths to changed items are rewritten, and here and there a
     * neighbour that fills up a node; each new node is written once, children first, and each replaced one freed once.
     * Removing what is not there is allowed.
     *
     * <p>If it throws, some nodes were written and freed, and the writer must forget about all of them; the old tree is
     * as it was.
     *
     * @param changes strictly ascending by key
     * @return the new root
     */
    public static BlockPointer apply(NodeReader reader, NodeWriter writer, BlockPointer root, Iterator<Item> changes)
            throws HoldfastException {
        return new BatchApply(reader, writer, changes).run(root);
    }

    /** Returns the number of levels, 0 for an empty tree. */
    public static int height(NodeReader reader, BlockPointer root) throws HoldfastException {
        return root.isNone() ? 0 : TreeNode.readRoot(reader, root).level() + 1;
    }

    /**
     * Returns an upper bound of the nodes that {@link #apply} writes, for the reservation of space. The proof is in
     * {@link NodesBound}.
     *
     * @param changes items put or removed
     * @param bytes of their keys and values together
     * @param height of the tree they are applied to, see {@link #height}
     */
    public static long nodesBound(long changes, long bytes, int height) {
        return NodesBound.of(changes, bytes, height, Long.MAX_VALUE);
    }

    /**
     * Like {@link #nodesBound(long, long, int)}, and closer for a tree that has fewer nodes than there are changes.
     *
     * @param treeNodes nodes of the tree they are applied to
     */
    public static long nodesBound(long changes, long bytes, int height, long treeNodes) {
        return NodesBound.of(changes, bytes, height, treeNodes);
    }

    /**
     * Visits every node and item in key order. What is damaged is reported and left out, and the walk goes on behind
     * it.
     */
    public static void walk(NodeReader reader, BlockPointer root, Visitor visitor) {
        new TreeWalk(reader, visitor).walk(root);
    }

    /** Told what {@link #walk} finds. */
    public interface Visitor {
        /**
         * A pointer to a node, before the node is read: its block is in use even if the node turns out to be damaged.
         *
         * @param level 0 for a leaf; -1 for the root, whose level is not known yet
         */
        void node(BlockPointer pointer, int level);

        void item(Item item);

        /** The node could not be read or is damaged; neither its items nor what is below it will be visited. */
        void problem(BlockPointer pointer, HoldfastException problem);
    }
}
