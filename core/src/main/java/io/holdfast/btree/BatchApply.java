package io.holdfast.btree;

import io.holdfast.error.DamagePolicy;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Item;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.node.NodeReader;
import io.holdfast.node.NodeWriter;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One pass over the tree from left to right that merges a sorted batch into it.
 *
 * <p>The pass either shares a node (its pointer goes into the new tree as it is, and nothing below it is read) or opens
 * it (reads and frees it, and passes its content on). The content of opened leaves, merged with the changes, streams
 * into the packer of level 0. Each packer cuts nodes, which are written, and their pointers go to the packer above. So
 * memory holds one path of the old tree and at most two nodes' worth for each level of the new one, whatever the size
 * of the batch.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>The content of the packers, from the highest level down, is in ascending key order, and comes before everything
 *       not visited yet.
 *   <li>A node at level L is shared only if no change falls into it and every packer up to L is empty or holds enough
 *       for a node; these packers are then flushed. Else the node is opened, so that its content fills them up. A node
 *       is therefore underfull only if nothing is to its right; then {@link #pullLeft} opens the node to its left.
 *   <li>Take the lowest packer that is not empty. If a packer below it is underfull, this pass did not write the last
 *       child that the former holds: a packer that cut a node by itself keeps enough for another, and after a flush
 *       comes a shared node. So no node is written only to be freed again.
 *   <li>A node that cannot be read is shared. If a change falls into it, a {@link PatchNode} with that change takes its place. Its
 *       pointer is never given up: it, and all below it, stay allocated. Such places are never opened to fill up others, so
 *       nodes beside them may be underfull.
 * </ul>
 */
final class BatchApply {
    private final NodeReader reader;
    private final NodeWriter writer;
    private final Losses losses;
    private final Mending mending;
    private final boolean ofChanges;
    private final List<NodePacker> packers = new ArrayList<>();
    private Changes changes;
    /** How many patches are being taken out around the place where this is. */
    private int mends;

    BatchApply(NodeReader reader, NodeWriter writer, Changes changes, Losses losses) {
        this(reader, writer, changes, losses, losses.mending(), false);
    }

    /** @param ofChanges the tree is a patch's tree of changes, in which a removal is an item */
    private BatchApply(
            NodeReader reader, NodeWriter writer, Changes changes, Losses losses, Mending mending, boolean ofChanges) {
        this.reader = reader;
        this.writer = writer;
        this.changes = changes;
        this.losses = losses;
        this.mending = mending;
        this.ofChanges = ofChanges;
    }

    /** @param high all keys are below it; null for no bound */
    BlockPointer run(BlockPointer root, byte @Nullable [] high) throws HoldfastException {
        if (changes.isEmpty() && !mending.opened().contains(root.block())) {
            return root;
        }
        if (root.isNone()) {
            addChangesBelow(high);
        } else {
            open(root, TreeNode.readRoot(reader, root, ofChanges), high);
        }
        return finish();
    }

    private void open(BlockPointer pointer, TreeNode node, byte @Nullable [] high) throws HoldfastException {
        writer.dropRewritten(pointer);
        if (node.isLeaf()) {
            merge(node, high);
            return;
        }
        for (int i = 0; i < node.count(); i++) {
            visit(node, i, node.childHigh(i, high));
        }
    }

    private void visit(TreeNode parent, int i, byte @Nullable [] high) throws HoldfastException {
        int level = parent.level() - 1;
        BlockPointer pointer = parent.child(i);
        boolean changed = changes.peekBelow(high) != null;
        boolean mended =
                mending.opened().contains(pointer.block()) || mending.merged().contains(pointer.block());
        if (!changed && !mended && (canShare(level) || parent.isPatch(i))) {
            share(level, parent.item(i));
            return;
        }
        Node child;
        try {
            child = Node.readChild(reader, parent, i, high);
        } catch (HoldfastException e) {
            unreadable(pointer, level, parent.item(i), high, e);
            return;
        }
        switch (child) {
            case TreeNode node -> open(pointer, node, high);
            case PatchNode patch -> patch(pointer, patch, high);
        }
    }

    /** Puts a node into the new tree as it is. */
    private void share(int level, Item entry) throws HoldfastException {
        for (int below = 0; below <= level; below++) {
            flush(below);
        }
        add(level + 1, entry);
    }

    private void merge(TreeNode leaf, byte @Nullable [] high) throws HoldfastException {
        for (int i = 0; i < leaf.count(); i++) {
            byte[] key = leaf.key(i);
            addChangesBelow(key);
            Item change = changes.peekBelow(high);
            if (change == null || leaf.compareKey(i, change.key()) != 0) {
                add(0, leaf.item(i));
            } else {
                place(change, leaf.value(i));
            }
        }
        addChangesBelow(high);
    }

    private void addChangesBelow(byte @Nullable [] high) throws HoldfastException {
        for (Item change = changes.peekBelow(high); change != null; change = changes.peekBelow(high)) {
            place(change, null);
        }
    }

    private void place(Item change, byte @Nullable [] before) throws HoldfastException {
        if (!ofChanges) {
            losses.placed(change, before);
        }
        if (ofChanges || change.value() != null) {
            add(0, change);
        }
        changes.advance();
    }

    // ---- what is lost ----

    /** Goes on past a node that cannot be read. */
    private void unreadable(BlockPointer pointer, int level, Item entry, byte @Nullable [] high, HoldfastException why)
            throws HoldfastException {
        byte[] low = entry.key();
        addChangesBelow(low);
        byte[] end = BTreeCursor.least(high, losses.end());
        if (changes.peekBelow(end) == null) {
            share(level, entry);
        } else {
            addPatch(new LostKeys(pointer, level, low, end), why);
        }
        addChangesBelow(high);
    }

    /** Puts a patch with the changes that fall into the range in the place of a node. */
    private void addPatch(LostKeys lost, HoldfastException why) throws HoldfastException {
        if (mends > 0) {
            losses.stillLost(lost, why);
        } else {
            losses.lost(lost, why);
        }
        if (Inject.off(Guard.LOST_KEEPS_POINTER)) {
            writer.dropRewritten(lost.node());
            addChangesBelow(lost.high());
            return;
        }
        BlockPointer own =
                ofChanges(changes.below(lost.high()), Mending.NOTHING).run(BlockPointer.NONE, lost.high());
        write(new PatchNode(lost.level(), ofChanges, lost.node(), own, lost.low(), lost.high()));
    }

    private BatchApply ofChanges(Changes below, Mending mended) {
        return new BatchApply(reader, writer, below, losses, mended, true);
    }

    private void write(PatchNode patch) throws HoldfastException {
        share(patch.level(), TreeNode.patchItem(patch.low(), writer.write(patch.encode())));
    }

    /** Adds changes to those of a patch, or puts all of them into its base if that can be read again. */
    private void patch(BlockPointer pointer, PatchNode patch, byte @Nullable [] high) throws HoldfastException {
        addChangesBelow(patch.low());
        if (mending.merged().contains(pointer.block())) {
            mend(pointer, patch);
        } else if (changes.peekBelow(patch.high()) != null || mending.opened().contains(pointer.block())) {
            change(pointer, patch);
        } else {
            share(patch.level(), TreeNode.patchItem(patch.low(), pointer));
        }
        addChangesBelow(high);
    }

    private void change(BlockPointer pointer, PatchNode patch) throws HoldfastException {
        try {
            patch.readChanges(reader);
        } catch (HoldfastException e) {
            if (changes.peekBelow(patch.high()) == null) {
                share(patch.level(), TreeNode.patchItem(patch.low(), pointer));
            } else {
                addPatch(new LostKeys(pointer, patch.level(), patch.low(), patch.high()), e);
            }
            return;
        }
        writer.dropRewritten(pointer);
        BlockPointer own = ofChanges(changes.below(patch.high()), mending).run(patch.changes(), patch.high());
        write(new PatchNode(patch.level(), ofChanges, patch.base(), own, patch.low(), patch.high()));
    }

    private void mend(BlockPointer pointer, PatchNode patch) throws HoldfastException {
        Node base;
        try {
            base = patch.readBase(reader);
        } catch (HoldfastException e) {
            // It could be read a moment ago. It stays lost, as before.
            change(pointer, patch);
            return;
        }
        List<BlockPointer> passed = new ArrayList<>();
        BTreeCursor older = BTreeCursor.changes(reader, patch, new byte[0], null, DamagePolicy.STRICT)
                .onNode(passed::add);
        writer.dropRewritten(pointer);
        Changes outer = changes;
        changes = outer.over(
                () -> {
                    Item item = older.next();
                    for (BlockPointer node : passed) {
                        writer.dropRewritten(node);
                    }
                    passed.clear();
                    return item;
                },
                patch.high());
        mends++;
        switch (base) {
            case TreeNode node -> open(patch.base(), node, patch.high());
            case PatchNode below -> patch(patch.base(), below, patch.high());
        }
        mends--;
        changes = outer;
    }

    // ---- nodes ----

    private boolean canShare(int level) {
        boolean nodeBelow = false;
        for (int i = 0; i <= level; i++) {
            NodePacker packer = packer(i);
            if (nodeBelow || !packer.isEmpty()) {
                if (packer.isUnderfull()) {
                    return false;
                }
                nodeBelow = true;
            }
        }
        return true;
    }

    private void add(int level, Item item) throws HoldfastException {
        NodePacker packer = packer(level);
        packer.add(item);
        List<Item> full = packer.takeFull();
        if (full != null) {
            write(level, full);
        }
    }

    private void flush(int level) throws HoldfastException {
        for (List<Item> node : packer(level).takeAll()) {
            write(level, node);
        }
    }

    private void write(int level, List<Item> items) throws HoldfastException {
        BlockPointer pointer = writer.write(TreeNode.encode(level, ofChanges, items));
        boolean hasLost = level > 0 && items.stream().anyMatch(TreeNode::hasLost);
        add(level + 1, TreeNode.childItem(items.getFirst().key(), pointer, hasLost));
    }

    private BlockPointer finish() throws HoldfastException {
        for (int level = 0; ; level++) {
            NodePacker packer = packer(level);
            if (lowestFilledAbove(level) < 0) {
                if (packer.isEmpty()) {
                    return BlockPointer.NONE;
                }
                // A patch is no root: nothing else would tell its level.
                if (level > 0 && packer.size() == 1 && !TreeNode.isPatch(packer.first())) {
                    return TreeNode.pointerOf(packer.first());
                }
            }
            boolean pulled = true;
            while (pulled && !packer.isEmpty() && packer.isUnderfull()) {
                pulled = pullLeft(level);
            }
            flush(level);
        }
    }

    /**
     * Opens the node to the left of the packer's content and puts its content in front; false if there is none, or it cannot be
     * read.
     */
    private boolean pullLeft(int level) throws HoldfastException {
        int filled = lowestFilledAbove(level);
        if (filled < 0) {
            return false;
        }
        byte[] high = packer(level).first().key();
        Item entry = packer(filled).removeLast();
        for (int at = filled - 1; ; at--) {
            BlockPointer pointer = TreeNode.pointerOf(entry);
            TreeNode node = TreeNode.isPatch(entry) ? null : readLeft(entry, at, high);
            if (node == null) {
                packer(at + 1).add(entry);
                return false;
            }
            writer.dropRewritten(pointer);
            List<Item> content = new ArrayList<>(node.count());
            for (int i = 0; i < node.count(); i++) {
                content.add(node.item(i));
            }
            if (at == level) {
                packer(at).addFirst(content);
                return true;
            }
            entry = content.removeLast();
            packer(at).addFirst(content);
        }
    }

    private @Nullable TreeNode readLeft(Item entry, int level, byte[] high) {
        BlockPointer pointer = TreeNode.pointerOf(entry);
        try {
            TreeNode node = TreeNode.readRoot(reader, pointer, ofChanges);
            node.requirePlace(pointer.block(), level, ofChanges, entry.key(), high);
            return node;
        } catch (HoldfastException e) {
            return null; // Whoever looks something up there gets the error.
        }
    }

    private int lowestFilledAbove(int level) {
        for (int i = level + 1; i < packers.size(); i++) {
            if (!packers.get(i).isEmpty()) {
                return i;
            }
        }
        return -1;
    }

    private NodePacker packer(int level) {
        while (packers.size() <= level) {
            packers.add(new NodePacker());
        }
        return packers.get(level);
    }
}
