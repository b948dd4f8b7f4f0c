package io.holdfast.btree;

import io.holdfast.error.DamagePolicy;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Item;
import io.holdfast.format.TreeRoot;
import io.holdfast.node.NodeReader;
import io.holdfast.node.RootWriter;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A copy-on-write B+tree of {@link Item}s. Has no state: a tree is its root, {@link TreeRoot#NONE} if it is
 * empty. A tree never changes; {@link #apply} makes another one that shares the unchanged nodes. {@link TreeNode} has
 * the block layout. The root has a copy; where one of the two cannot be read, the other is taken.
 *
 * <p>Every node is checked although its checksum matched: the checksum proves what was written, not that it was right.
 * All methods throw {@code DAMAGED} with the block of a node that is wrong.
 */
public final class BTree {
    /** Leaves out what is lost, and nothing else that cannot be read. What was changed since is there. */
    public static final DamagePolicy PAST_LOST_KEYS = damage -> {
        if (!(damage instanceof LostKeysException)) {
            throw damage;
        }
    };

    private BTree() {}

    /** Returns a copy of the value, or null if there is no such item. */
    public static byte @Nullable [] get(NodeReader reader, TreeRoot root, byte[] key) throws HoldfastException {
        return get(reader, root, key, null);
    }

    /**
     * Does as {@link #get(NodeReader, TreeRoot, byte[])}.
     *
     * @param end a key above all that the tree has, null if none is known: no node that cannot be read hides such keys
     */
    public static byte @Nullable [] get(NodeReader reader, TreeRoot root, byte[] key, byte @Nullable [] end)
            throws HoldfastException {
        if (root.isNone()) {
            return null;
        }
        Item item = new Search(reader, key, end).from(TreeNode.readRoot(reader, root));
        return item == null ? null : item.value();
    }

    /** Returns a cursor over the items from {@code from} (inclusive) on, in ascending order. */
    public static BTreeCursor cursor(NodeReader reader, TreeRoot root, byte[] from) {
        return cursor(reader, root, from, null, null, DamagePolicy.STRICT);
    }

    /**
     * Returns a cursor over the items from {@code from} (inclusive) to {@code to} (exclusive, null for no bound), in ascending
     * order. It reads no node that has no items there.
     *
     * @param end as for {@link #get(NodeReader, TreeRoot, byte[], byte[])}
     * @param policy for subtrees that cannot be read
     */
    public static BTreeCursor cursor(
            NodeReader reader,
            TreeRoot root,
            byte[] from,
            byte @Nullable [] to,
            byte @Nullable [] end,
            DamagePolicy policy) {
        return new BTreeCursor(reader, from, to, end, policy).atRoot(root);
    }

    /**
     * Makes a tree with a batch of changes applied. Rewrites only the paths to changed items, and here and there a
     * neighbour to fill up a node. Writes each new node once, children first, and frees each replaced one once.
     * Removing an item that is not there is allowed.
     *
     * <p>If this throws, the writer must forget all nodes that were written and freed so far; the old tree is as it
     * was.
     *
     * @param changes strictly ascending by key
     * @return the new root
     */
    public static TreeRoot apply(NodeReader reader, RootWriter writer, TreeRoot root, Iterator<Item> changes)
            throws HoldfastException {
        return apply(reader, writer, root, changes, Losses.STRICT);
    }

    /** Does as {@link #apply(NodeReader, RootWriter, TreeRoot, Iterator)}, and goes on past nodes that are lost. */
    public static TreeRoot apply(
            NodeReader reader, RootWriter writer, TreeRoot root, Iterator<Item> changes, Losses losses)
            throws HoldfastException {
        return new BatchApply(reader, writer, new Changes(() -> changes.hasNext() ? changes.next() : null), losses)
                .run(root);
    }

    /**
     * Writes both copies of a root anew, and gives up those of before: one of them cannot be read.
     *
     * @throws HoldfastException if neither can be read
     */
    public static TreeRoot rewriteRoot(NodeReader reader, RootWriter writer, TreeRoot root) throws HoldfastException {
        byte[] content = TreeNode.readRoot(reader, root).content();
        BlockPointer node = writer.write(content);
        long copy = writer.writeCopy(node, content);
        BatchApply.dropRoot(writer, root);
        return new TreeRoot(node, copy);
    }

    /**
     * Returns why copies of a root cannot be read, by their blocks; empty if both are whole.
     *
     * @param reader one that has nothing in memory
     */
    public static Map<Long, HoldfastException> rootProblems(NodeReader reader, TreeRoot root) {
        Map<Long, HoldfastException> problems = new TreeMap<>();
        for (BlockPointer pointer : TreeNode.copies(root)) {
            try {
                TreeNode.readRoot(reader, pointer, false);
            } catch (HoldfastException e) {
                problems.put(pointer.block(), e);
            }
        }
        return problems;
    }

    /**
     * Returns up to {@code max} ranges of keys that are lost, in ascending order. Reads only what leads to them, and what lies there.
     *
     * @throws HoldfastException if one of these nodes cannot be read
     */
    public static List<LostKeys> lost(NodeReader reader, TreeRoot root, int max) throws HoldfastException {
        return new LostSearch(reader, max).find(root);
    }

    /**
     * Finds out which lost nodes can be read again. Leaves out what cannot be found out.
     *
     * @param max how many places are looked at: a device may take long to say of each that it cannot be read
     */
    public static Mending mending(NodeReader reader, TreeRoot root, int max) {
        return new LostSearch(reader, max).mending(root);
    }

    /** Returns whether keys are lost. */
    public static boolean hasLost(NodeReader reader, TreeRoot root) throws HoldfastException {
        return !root.isNone() && TreeNode.readRoot(reader, root).hasLost();
    }

    /** Returns the number of levels, 0 for an empty tree. */
    public static int height(NodeReader reader, TreeRoot root) throws HoldfastException {
        return root.isNone() ? 0 : TreeNode.readRoot(reader, root).level() + 1;
    }

    /**
     * Returns an upper bound of the nodes that {@link #apply} writes, for the reservation of space. The proof is in
     * {@link NodesBound}.
     *
     * @param changes items put or removed
     * @param bytes of all their keys and values
     * @param height of the tree to which they are applied, see {@link #height}
     */
    public static long nodesBound(long changes, long bytes, int height) {
        return NodesBound.of(changes, bytes, height, Long.MAX_VALUE);
    }

    /**
     * Does as {@link #nodesBound(long, long, int)}, with a closer bound if the tree has fewer nodes than there are
     * changes.
     *
     * @param treeNodes nodes of the tree to which they are applied
     */
    public static long nodesBound(long changes, long bytes, int height, long treeNodes) {
        return NodesBound.of(changes, bytes, height, treeNodes);
    }

    /** Visits every node and item in key order. Reports damaged nodes, leaves them out and goes on behind them. */
    public static void walk(NodeReader reader, TreeRoot root, Visitor visitor) {
        new TreeWalk(reader, visitor).walk(root);
    }

    /** Learns what {@link #walk} finds. */
    public interface Visitor {
        /**
         * Takes a pointer to a node before the walk reads the node: its block is in use even if the node turns out to
         * be damaged.
         *
         * @param level 0 for a leaf; -1 for the root, whose level is not known yet, and for its copy
         */
        void node(BlockPointer pointer, int level);

        /** One of the two copies of the root cannot be read; the walk goes on with the other. */
        default void oneOfTwo(BlockPointer pointer, HoldfastException why) {}

        void item(Item item);

        /**
         * The items of a range are those that were changed since its node was lost, and, if the node can be read again, what it has.
         *
         * @param why the node cannot be read; null if it can
         */
        void lost(LostKeys lost, @Nullable HoldfastException why);

        /** The node could not be read or is damaged; the walk visits neither its items nor the nodes below. */
        void problem(BlockPointer pointer, HoldfastException problem);
    }
}
