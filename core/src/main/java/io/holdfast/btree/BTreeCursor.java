package io.holdfast.btree;

import io.holdfast.error.DamagePolicy;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Item;
import io.holdfast.format.TreeRoot;
import io.holdfast.node.NodeReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Goes over the items of a tree in ascending order, one at a time. Reads nothing before the first call of {@link
 * #next}, and holds one path at most. Used by one thread. After an exception the cursor must not be used.
 */
public final class BTreeCursor {
    private final NodeReader reader;
    private final byte[] from;
    private final byte @Nullable [] to;
    private final byte @Nullable [] end;
    private final DamagePolicy policy;
    private final List<Step> path = new ArrayList<>();
    private Consumer<BlockPointer> passed = _ -> {};
    private @Nullable Start start;
    /** Whether removals are items, as in a tree of changes. */
    private boolean removals;

    /** Pushes the first step. */
    private interface Start {
        void push() throws HoldfastException;
    }

    /** A part of the path. */
    private sealed interface Step {}

    /** A node of the path; {@code next} is the index of the next item or child. */
    private static final class InNode implements Step {
        final TreeNode node;
        final byte @Nullable [] high;
        int next;

        InNode(TreeNode node, byte @Nullable [] high, int next) {
            this.node = node;
            this.high = high;
            this.next = next;
        }
    }

    /** A patch of the path: its changes, and the items of its base that they say nothing of. */
    private static final class InPatch implements Step {
        final BTreeCursor changes;
        final BTreeCursor base;

        @Nullable
        Item change;

        @Nullable
        Item below;

        InPatch(BTreeCursor changes, BTreeCursor base) throws HoldfastException {
            this.changes = changes;
            this.base = base;
            this.change = changes.next();
            this.below = base.next();
        }

        /** Returns the next item, removals included; null at the end. */
        @Nullable
        Item next() throws HoldfastException {
            Item a = change;
            Item b = below;
            int order = a == null ? 1 : b == null ? -1 : Arrays.compareUnsigned(a.key(), b.key());
            if (a != null && order <= 0) {
                change = changes.next();
            }
            if (b != null && order >= 0) {
                below = base.next();
            }
            return order <= 0 ? a : b;
        }
    }

    BTreeCursor(NodeReader reader, byte[] from, byte @Nullable [] to, byte @Nullable [] end, DamagePolicy policy) {
        this.reader = reader;
        this.from = from.clone();
        this.to = to;
        this.end = end;
        this.policy = policy;
    }

    BTreeCursor atRoot(TreeRoot root) {
        if (!root.isNone()) {
            start = () -> pushNode(TreeNode.readRoot(reader, root), null);
        }
        return this;
    }

    /** Begins with the changes of a patch. The cursor returns removals, too. */
    static BTreeCursor changes(
            NodeReader reader, PatchNode patch, byte[] from, byte @Nullable [] to, DamagePolicy policy) {
        return new BTreeCursor(reader, from, least(to, patch.high()), null, policy).atChanges(patch);
    }

    private BTreeCursor atChanges(PatchNode patch) {
        removals = true;
        start = () -> {
            TreeNode node = patch.readChanges(reader);
            passed.accept(patch.changes());
            pushNode(node, null);
        };
        return this;
    }

    private BTreeCursor atBase(PatchNode patch) {
        start = () -> {
            Node base = patch.readBase(reader);
            passed.accept(patch.base());
            push(base, patch.high());
        };
        return this;
    }

    /** Lets {@code consumer} know of every node that is read. */
    BTreeCursor onNode(Consumer<BlockPointer> consumer) {
        passed = consumer;
        return this;
    }

    static byte @Nullable [] least(byte @Nullable [] a, byte @Nullable [] b) {
        return a == null || (b != null && Arrays.compareUnsigned(b, a) < 0) ? b : a;
    }

    /** Returns a copy of the next item, or null at the end. */
    public @Nullable Item next() throws HoldfastException {
        begin();
        while (!path.isEmpty()) {
            Item item = step(path.getLast());
            if (item != null) {
                if (to == null || Arrays.compareUnsigned(item.key(), to) < 0) {
                    return item;
                }
                path.clear();
            }
        }
        return null;
    }

    private void begin() throws HoldfastException {
        Start first = start;
        if (first != null) {
            start = null;
            try {
                first.push();
            } catch (HoldfastException e) {
                policy.met(e);
            }
        }
    }

    /** Goes on in the last step of the path; returns an item if there is one. */
    private @Nullable Item step(Step step) throws HoldfastException {
        switch (step) {
            case InPatch patch -> {
                Item item = patch.next();
                if (item == null) {
                    path.removeLast();
                }
                return item == null || item.value() != null || removals ? item : null;
            }
            case InNode in -> {
                int at = in.next++;
                if (at >= in.node.count()) {
                    path.removeLast();
                } else if (in.node.isLeaf()) {
                    return in.node.item(at);
                } else if (to != null && in.node.compareKey(at, to) >= 0) {
                    path.clear();
                } else {
                    pushChild(in.node, at, in.node.childHigh(at, in.high));
                }
                return null;
            }
        }
    }

    /** Throws if the root of the tree cannot be read. */
    public void requireRoot() throws HoldfastException {
        Start first = start;
        if (first != null) {
            start = null;
            first.push();
        }
    }

    private void pushChild(TreeNode parent, int at, byte @Nullable [] high) throws HoldfastException {
        Node node;
        try {
            node = Node.readChild(reader, parent, at, high);
        } catch (HoldfastException e) {
            byte[] first = parent.compareKey(at, from) > 0 ? parent.key(at) : from;
            if (end == null || Arrays.compareUnsigned(first, end) < 0) {
                policy.met(e);
            }
            return;
        }
        passed.accept(parent.child(at));
        push(node, high);
    }

    private void push(Node node, byte @Nullable [] high) throws HoldfastException {
        switch (node) {
            case TreeNode tree -> pushNode(tree, high);
            case PatchNode patch -> push(patch);
        }
    }

    private void pushNode(TreeNode node, byte @Nullable [] high) {
        // To the right of the first path every key is above from, so both searches return the first index.
        path.add(new InNode(node, high, node.isLeaf() ? node.ceiling(from) : node.childFor(from)));
    }

    private void push(PatchNode patch) throws HoldfastException {
        byte[] high = patch.high();
        if (high != null && Arrays.compareUnsigned(from, high) >= 0) {
            return;
        }
        BTreeCursor changes = changes(reader, patch, from, to, policy).onNode(passed);
        BTreeCursor base = new BTreeCursor(reader, from, to, end, policy).atBase(patch);
        path.add(new InPatch(changes, base.onNode(passed)));
    }
}
