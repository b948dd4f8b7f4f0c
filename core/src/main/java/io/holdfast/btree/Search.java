package io.holdfast.btree;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.node.NodeReader;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Looks one key up.
 *
 * @param end a key above all that the tree has; null if none is known
 */
record Search(NodeReader reader, byte[] key, byte @Nullable [] end) {
    /** Returns the item, in a tree of changes also a removal; null if there is none. */
    @Nullable
    Item from(TreeNode root) throws HoldfastException {
        TreeNode node = root;
        byte[] high = null;
        while (!node.isLeaf()) {
            int at = node.childFor(key);
            high = node.childHigh(at, high);
            Node child;
            try {
                child = Node.readChild(reader, node, at, high);
            } catch (HoldfastException e) {
                boolean isBefore = node.compareKey(at, key) > 0;
                if (Inject.off(Guard.LOST_IS_NOT_ABSENT) || isBefore || isBehindAll()) {
                    return null;
                }
                throw e;
            }
            while (child instanceof PatchNode patch) {
                if (patch.isOutside(key)) {
                    return null;
                }
                Item change = from(patch.readChanges(reader));
                if (change != null) {
                    return change;
                }
                high = patch.high();
                try {
                    child = patch.readBase(reader);
                } catch (HoldfastException e) {
                    if (Inject.off(Guard.LOST_IS_NOT_ABSENT)) {
                        return null;
                    }
                    throw e;
                }
            }
            node = (TreeNode) child;
        }
        int at = node.ceiling(key);
        return at < node.count() && node.compareKey(at, key) == 0 ? node.item(at) : null;
    }

    private boolean isBehindAll() {
        return end != null && Arrays.compareUnsigned(key, end) >= 0;
    }
}
