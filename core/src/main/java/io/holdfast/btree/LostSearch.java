package io.holdfast.btree;

import io.holdfast.error.DamagePolicy;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Item;
import io.holdfast.format.TreeRoot;
import io.holdfast.node.NodeReader;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Finds the patches of a tree by the marks of the entries that lead to them. Used once, by one thread. */
final class LostSearch {
    private final NodeReader reader;
    private final List<LostKeys> found = new ArrayList<>();
    private final Set<Long> merged = new HashSet<>();
    private final Set<Long> opened = new HashSet<>();
    /** How many patches, and nodes that cannot be read, are still looked at. Each marked entry leads to one of these. */
    private int left;

    /** @param max how many patches are looked at, whatever comes of it */
    LostSearch(NodeReader reader, int max) {
        this.reader = reader;
        this.left = max;
    }

    List<LostKeys> find(TreeRoot root) throws HoldfastException {
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
                    case PatchNode patch -> {
                        left--;
                        found.add(lost(patch));
                    }
                }
            }
        }
    }

    /** Returns what is lost where a patch is: of patches one below the other, the last that can be read says it. */
    private LostKeys lost(PatchNode patch) {
        PatchNode last = patch;
        try {
            while (last.readBase(reader) instanceof PatchNode below) {
                last = below;
            }
        } catch (HoldfastException e) {
            // It is what cannot be read.
        }
        return last.lost();
    }

    /** Returns whether the search goes on at child {@code i}. */
    private boolean leads(TreeNode node, int i) {
        return !node.isLeaf() && left > 0 && i < node.count();
    }

    private static boolean isMarked(TreeNode node, int i) {
        return node.isPatch(i) || node.hasLostBelow(i);
    }

    /** Finds the patches whose node, and all of whose changes, can be read. */
    Mending mending(TreeRoot root) {
        if (!root.isNone()) {
            try {
                mending(root.node(), TreeNode.readRoot(reader, root), null);
            } catch (HoldfastException e) {
                return Mending.NOTHING; // As before. The check says why.
            }
        }
        return new Mending(merged, opened);
    }

    /** Returns whether something below can be mended. */
    private boolean mending(BlockPointer pointer, TreeNode node, byte @Nullable [] high) {
        boolean some = false;
        for (int i = 0; leads(node, i); i++) {
            if (isMarked(node, i)) {
                some |= mendingBelow(node, i, node.childHigh(i, high));
            }
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
            left--;
            return false;
        }
    }

    private boolean mending(BlockPointer pointer, PatchNode patch) {
        left--;
        if (!areChangesReadable(patch)) {
            return false;
        }
        Node base;
        try {
            base = patch.readBase(reader);
        } catch (HoldfastException e) {
            return false;
        }
        // A patch takes the changes of the one above it only where all of its own can be read: else there would soon be
        // another one above.
        if (base instanceof PatchNode below && !areChangesReadable(below)) {
            return false;
        }
        merged.add(pointer.block());
        switch (base) {
            case TreeNode tree -> mending(patch.base(), tree, patch.high());
            case PatchNode below -> mending(patch.base(), below);
        }
        return true;
    }

    private boolean areChangesReadable(PatchNode patch) {
        try {
            BTreeCursor changes = BTreeCursor.changes(reader, patch, new byte[0], null, DamagePolicy.STRICT);
            Item item = changes.next();
            while (item != null) {
                item = changes.next();
            }
            return true;
        } catch (HoldfastException e) {
            return false;
        }
    }
}
