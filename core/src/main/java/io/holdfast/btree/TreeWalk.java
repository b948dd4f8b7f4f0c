package io.holdfast.btree;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.node.NodeReader;
import org.jspecify.annotations.Nullable;

/** Visits a whole tree and goes on behind damage. Terminates on any content: levels strictly decrease. */
final class TreeWalk {
    private static final int LEVEL_UNKNOWN = -1;

    private final NodeReader reader;
    private final BTree.Visitor visitor;

    TreeWalk(NodeReader reader, BTree.Visitor visitor) {
        this.reader = reader;
        this.visitor = visitor;
    }

    void walk(BlockPointer root) {
        if (root.isNone()) {
            return;
        }
        visitor.node(root, LEVEL_UNKNOWN);
        try {
            content(TreeNode.readRoot(reader, root), null);
        } catch (HoldfastException e) {
            visitor.problem(root, e);
        }
    }

    private void content(TreeNode node, byte @Nullable [] high) {
        for (int i = 0; i < node.count(); i++) {
            if (node.isLeaf()) {
                visitor.item(node.item(i));
            } else {
                child(node, i, node.childHigh(i, high));
            }
        }
    }

    private void child(TreeNode parent, int i, byte @Nullable [] high) {
        BlockPointer pointer = parent.child(i);
        int level = parent.level() - 1;
        visitor.node(pointer, level);
        try {
            content(TreeNode.readChild(reader, pointer, level, parent.key(i), high), high);
        } catch (HoldfastException e) {
            visitor.problem(pointer, e);
        }
    }
}
