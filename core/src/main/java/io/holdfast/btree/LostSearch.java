package io.holdfast.btree;

import io.holdfast.error.DamagePolicy;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Item;
import io.holdfast.node.NodeReader;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Finds the patches of a tree by the marks of the entries that lead to them. Used once, by one thread. */
final class LostSearch {
    private final NodeReader reader;
    private final int max;
    private final List<LostKeys> found = new ArrayList<>();
    private final Set<Long> merged = new HashSet<>();
    private final Set<Long> opened = new HashSet<>();

    /** @param max how many patches are enough */
    LostSearch(NodeReader reader, int max) {
        this.reader = reader;
        this.max = max;
    }

    List<LostKeys> find(BlockPointer root) throws HoldfastException {
        if (!root.isNone()) {
            find(TreeNode.readRoot(reader, root), null);
        }
        return found;
    }

    private void find(TreeNode node, byte @Nullable [] high) throws HoldfastException {
        for (int i = 0; leads(node, i); i++) {
            if (isMarked(node, i)) {
                byte[] childHigh = node.childHigh(i, high);
                switch (Node.readChild(reader, node, i, childHigh)) {
                    case TreeNode child -> find(child, childHigh);
                    case PatchNode patch -> found.add(patch.lost());
                }
            }
        }
    }

    /** Returns whether the search goes on at child {@code i}. */
    private boolean leads(TreeNode node, int i) {
        return !node.isLeaf() && found.size() < max && i < node.count();
    }

    private static boolean isMarked(TreeNode node, int i) {
        return node.isPatch(i) || node.hasLostBelow(i);
    }

    /** Finds the patches whose node, and all of whose changes, can be read. */
    Mending mending(BlockPointer root) {
        if (!root.isNone()) {
            mending(root, false);
        }
        return new Mending(merged, opened);
    }

    private boolean mending(BlockPointer root, boolean ofChanges) {
        try {
            return mending(root, TreeNode.readRoot(reader, root, ofChanges), null);
        } catch (HoldfastException e) {
            return false; // As before. The check says why.
        }
    }

    /** Returns whether something below can be mended. */
    private boolean mending(BlockPointer pointer, TreeNode node, byte @Nullable [] high) {
        boolean some = false;
        for (int i = 0; !node.isLeaf() && i < node.count() && merged.size() < max; i++) {
            if (!isMarked(node, i)) {
                continue;
            }
            byte[] childHigh = node.childHigh(i, high);
            some |= mendingBelow(node, i, childHigh);
        }
        if (some) {
            opened.add(pointer.block());
        }
        return some;
    }

    private boolean mendingBelow(TreeNode node, int i, byte @Nullable [] high) {
        try {
            return switch (Node.readChild(reader, node, i, high)) {
                case TreeNode child -> mending(node.child(i), child, high);
                case PatchNode patch -> mending(node.child(i), patch);
            };
        } catch (HoldfastException e) {
            return false;
        }
    }

    private boolean mending(BlockPointer pointer, PatchNode patch) {
        Node base = readable(patch);
        if (base == null) {
            boolean some = mending(patch.changes(), true);
            if (some) {
                opened.add(pointer.block());
            }
            return some;
        }
        merged.add(pointer.block());
        if (merged.size() < max) {
            switch (base) {
                case TreeNode tree -> mending(patch.base(), tree, patch.high());
                case PatchNode below -> mending(patch.base(), below);
            }
        }
        return true;
    }

    /** Returns a patch's base if it can be read, and all changes, too. */
    private @Nullable Node readable(PatchNode patch) {
        try {
            Node base = patch.readBase(reader);
            BTreeCursor changes = BTreeCursor.changes(reader, patch, new byte[0], null, DamagePolicy.STRICT);
            Item item = changes.next();
            while (item != null) {
                item = changes.next();
            }
            return base;
        } catch (HoldfastException e) {
            return null;
        }
    }
}
