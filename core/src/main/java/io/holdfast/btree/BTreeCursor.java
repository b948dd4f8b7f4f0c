package io.holdfast.btree;

import io.holdfast.error.DamagePolicy;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Item;
import io.holdfast.node.NodeReader;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Goes over the items of a tree in ascending order, one at a time. Reads nothing before the first call of {@link
 * #next}, and holds one path at most. Used by one thread. After an exception the cursor must not be used.
 */
public final class BTreeCursor {
    private final NodeReader reader;
    private final BlockPointer root;
    private final byte[] from;
    private final DamagePolicy policy;
    private final List<Step> path = new ArrayList<>();
    private boolean started;

    /** A node of the path; {@code next} is the index of the next item or child. */
    private static final class Step {
        final TreeNode node;
        final byte @Nullable [] high;
        int next;

        Step(TreeNode node, byte @Nullable [] high, int next) {
            this.node = node;
            this.high = high;
            this.next = next;
        }
    }

    BTreeCursor(NodeReader reader, BlockPointer root, byte[] from, DamagePolicy policy) {
        this.policy = policy;
        this.reader = reader;
        this.root = root;
        this.from = from.clone();
    }

    /** Returns a copy of the next item, or null at the end. */
    public @Nullable Item next() throws HoldfastException {
        if (!started) {
            started = true;
            if (!root.isNone()) {
                pushRoot();
            }
        }
        while (!path.isEmpty()) {
            Step step = path.getLast();
            TreeNode node = step.node;
            int at = step.next++;
            if (at >= node.count()) {
                path.removeLast();
            } else if (node.isLeaf()) {
                return node.item(at);
            } else {
                byte @Nullable [] high = node.childHigh(at, step.high);
                pushChild(node, at, high);
            }
        }
        return null;
    }

    /** Throws if the root of the tree cannot be read. */
    public void requireRoot() throws HoldfastException {
        if (!root.isNone()) {
            TreeNode.readRoot(reader, root);
        }
    }

    private void pushRoot() throws HoldfastException {
        TreeNode node;
        try {
            node = TreeNode.readRoot(reader, root);
        } catch (HoldfastException e) {
            policy.met(e);
            return;
        }
        push(node, null);
    }

    private void pushChild(TreeNode parent, int at, byte @Nullable [] high) throws HoldfastException {
        TreeNode node;
        try {
            node = TreeNode.readChild(reader, parent.child(at), parent.level() - 1, parent.key(at), high);
        } catch (HoldfastException e) {
            policy.met(e);
            return;
        }
        push(node, high);
    }

    private void push(TreeNode node, byte @Nullable [] high) {
        // To the right of the first path every key is above from, so both searches return the first index.
        path.add(new Step(node, high, node.isLeaf() ? node.ceiling(from) : node.childFor(from)));
    }
}
