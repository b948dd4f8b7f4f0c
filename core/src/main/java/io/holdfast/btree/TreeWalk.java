package io.holdfast.btree;

import io.holdfast.error.DamagePolicy;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Item;
import io.holdfast.format.TreeRoot;
import io.holdfast.node.NodeReader;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Visits a whole tree and goes on behind damage. Terminates on any content: see {@link Node}. */
final class TreeWalk {
    private static final int LEVEL_UNKNOWN = -1;

    private final NodeReader reader;
    private final BTree.Visitor visitor;

    TreeWalk(NodeReader reader, BTree.Visitor visitor) {
        this.reader = reader;
        this.visitor = visitor;
    }

    void walk(TreeRoot root) {
        TreeNode top = null;
        Map<BlockPointer, HoldfastException> problems = new LinkedHashMap<>();
        for (BlockPointer pointer : TreeNode.copies(root)) {
            visitor.node(pointer, LEVEL_UNKNOWN);
            try {
                top = TreeNode.readRoot(reader, pointer, false);
            } catch (HoldfastException e) {
                problems.put(pointer, e);
            }
        }
        problems.forEach(top == null ? visitor::problem : visitor::oneOfTwo);
        if (top != null) {
            content(top, null, visitor::item);
        }
    }

    /** Visits the nodes of a patch's changes. */
    private void changes(PatchNode patch) {
        visitor.node(patch.changes(), LEVEL_UNKNOWN);
        try {
            content(patch.readChanges(reader), null, _ -> {});
        } catch (HoldfastException e) {
            visitor.problem(patch.changes(), e);
        }
    }

    private void content(Node node, byte @Nullable [] high, Consumer<Item> items) {
        switch (node) {
            case PatchNode patch -> patch(patch, items);
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
        content(child, high, items);
    }

    private void patch(PatchNode patch, Consumer<Item> items) {
        // First the nodes of the changes, then their items among those of the base.
        changes(patch);
        Merge merge = new Merge(patch, items);
        visitor.node(patch.base(), patch.level());
        Node base = null;
        HoldfastException why = null;
        try {
            base = patch.readBase(reader);
        } catch (HoldfastException e) {
            why = e;
        }
        if (!(base instanceof PatchNode)) {
            visitor.lost(patch.lost(), why);
        }
        if (base != null) {
            content(base, patch.high(), merge);
        }
        merge.finish();
    }

    /** Takes the items of a patch's base in order, and hands them on with the changes. */
    private final class Merge implements Consumer<Item> {
        private final Consumer<Item> items;
        private final BTreeCursor changes;
        private @Nullable Item change;

        Merge(PatchNode patch, Consumer<Item> items) {
            this.items = items;
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
            if (at != null && at.value() != null) {
                items.accept(at);
            }
            advance();
        }
    }
}
