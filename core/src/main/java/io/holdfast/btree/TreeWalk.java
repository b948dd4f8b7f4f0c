package io.holdfast.btree;

import io.holdfast.error.DamagePolicy;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Item;
import io.holdfast.node.NodeReader;
import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Visits a whole tree and goes on behind damage. Terminates on any content: levels strictly decrease, and patches are counted. */
final class TreeWalk {
    private static final int LEVEL_UNKNOWN = -1;

    private final NodeReader reader;
    private final BTree.Visitor visitor;

    TreeWalk(NodeReader reader, BTree.Visitor visitor) {
        this.reader = reader;
        this.visitor = visitor;
    }

    void walk(BlockPointer root) {
        if (!root.isNone()) {
            walk(root, false, visitor::item);
        }
    }

    private void walk(BlockPointer root, boolean ofChanges, Consumer<Item> items) {
        visitor.node(root, LEVEL_UNKNOWN);
        try {
            content(TreeNode.readRoot(reader, root, ofChanges), null, items, 0);
        } catch (HoldfastException e) {
            visitor.problem(root, e);
        }
    }

    private void content(Node node, byte @Nullable [] high, Consumer<Item> items, int depth) {
        switch (node) {
            case PatchNode patch -> patch(patch, items, depth);
            case TreeNode tree -> {
                for (int i = 0; i < tree.count(); i++) {
                    if (tree.isLeaf()) {
                        items.accept(tree.item(i));
                    } else {
                        child(tree, i, tree.childHigh(i, high), items);
                    }
                }
            }
        }
    }

    private void child(TreeNode parent, int i, byte @Nullable [] high, Consumer<Item> items) {
        BlockPointer pointer = parent.child(i);
        visitor.node(pointer, parent.level() - 1);
        Node child;
        try {
            child = Node.readChild(reader, parent, i, high);
        } catch (HoldfastException e) {
            visitor.problem(pointer, e);
            return;
        }
        content(child, high, items, 0);
    }

    private void patch(PatchNode patch, Consumer<Item> items, int depth) {
        // First the nodes of the changes, then their items among those of the base.
        walk(patch.changes(), true, _ -> {});
        Merge merge = new Merge(patch, items);
        visitor.node(patch.base(), patch.level());
        Node base = null;
        HoldfastException why = null;
        try {
            patch.requireDepth(depth);
            base = patch.readBase(reader);
        } catch (HoldfastException e) {
            why = e;
        }
        visitor.lost(patch.lost(), why);
        if (base != null) {
            content(base, patch.high(), merge, depth + 1);
        }
        merge.finish();
    }

    /** Takes the items of a patch's base in order, and hands them on with the changes. */
    private final class Merge implements Consumer<Item> {
        private final Consumer<Item> items;
        private final BTreeCursor changes;
        private final boolean ofChanges;
        private @Nullable Item change;

        Merge(PatchNode patch, Consumer<Item> items) {
            this.items = items;
            this.ofChanges = patch.isOfChanges();
            // What the changes have that cannot be read is a problem already.
            DamagePolicy reported = _ -> {};
            this.changes = BTreeCursor.changes(reader, patch, new byte[0], null, reported);
            advance();
        }

        private void advance() {
            try {
                change = changes.next();
            } catch (HoldfastException e) {
                throw new IllegalStateException(e); // The policy lets the cursor throw nothing.
            }
        }

        @Override
        public void accept(Item below) {
            for (Item at = change; at != null && Arrays.compareUnsigned(at.key(), below.key()) < 0; at = change) {
                handOn();
            }
            Item at = change;
            if (at != null && Arrays.equals(at.key(), below.key())) {
                handOn();
            } else {
                items.accept(below);
            }
        }

        void finish() {
            while (change != null) {
                handOn();
            }
        }

        private void handOn() {
            Item at = change;
            if (at != null && (ofChanges || at.value() != null)) {
                items.accept(at);
            }
            advance();
        }
    }
}
