package io.holdfast.btree;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.node.NodeReader;
import org.jspecify.annotations.Nullable;

/**
 * What a parent's entry leads to: a node, or the patch that stands in the place of one that could not be read. Decoded and checked
 * against its parent. Levels of nodes and depths of patches strictly decrease on every way down, and a tree of changes has no
 * patches. So every reader comes to an end, whatever the blocks say.
 */
sealed interface Node permits TreeNode, PatchNode {
    /** Returns the level of the node, or of the one whose place the patch has. */
    int level();

    /** Returns how many patches lie one below the other here; 0 if this is a node. */
    int depth();

    /** Reads child {@code i} of a node; its keys must be below {@code high}, null for no bound. */
    static Node readChild(NodeReader reader, TreeNode parent, int i, byte @Nullable [] high) throws HoldfastException {
        BlockPointer pointer = parent.child(i);
        Node node = decode(reader.read(pointer, TreeNode.STRUCTURE), pointer.block());
        node.requirePlace(pointer.block(), parent.level() - 1, parent.isOfChanges(), parent.key(i), high);
        boolean hasLost = node instanceof TreeNode inner && inner.hasLost();
        if (node.depth() != parent.patchDepth(i) || hasLost != parent.hasLostBelow(i)) {
            throw TreeNode.damaged(pointer.block(), "its parent has another mark for it");
        }
        return node;
    }

    static Node decode(byte[] bytes, long block) throws HoldfastException {
        return PatchNode.hasMagic(bytes) ? PatchNode.decode(bytes, block) : TreeNode.decode(bytes, block);
    }

    /**
     * Checks that this is what its parent says.
     *
     * @param low its first key
     * @param high its keys are below this; null for no bound
     */
    void requirePlace(long block, int level, boolean ofChanges, byte[] low, byte @Nullable [] high)
            throws HoldfastException;
}
