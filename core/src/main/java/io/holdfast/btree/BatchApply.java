package io.holdfast.btree;

import io.holdfast.error.DamagePolicy;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Item;
import io.holdfast.format.TreeRoot;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.node.NodeReader;
import io.holdfast.node.RootWriter;
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
 *   <li>A patch's tree of changes has no patches. What falls into a node of it that cannot be read goes into the changes of another
 *       patch, whose base is this one ({@link #overflow}). Readers follow {@link PatchNode#DEPTH_MAX} of them. With one more the
 *       batch is not applied.
 *   <li>The new root is a node that this pass has written, or one that it has read: a tree never loses its root to a node that nobody
 *       has read for long.
 * </ul>
 */
final class BatchApply {
    private final NodeReader reader;
    private final RootWriter writer;
    private final Losses losses;
    private final Mending mending;
    private final boolean ofChanges;
    private final List<NodePacker> packers = new ArrayList<>();
    private Changes changes;
    /** How many patches are being taken out around the place where this is. */
    private int mends;
    /** Of a tree of changes: takes those that fall into nodes of it that cannot be read; null as long as there are none. */
    private @Nullable BatchApply overflow;

    private @Nullable HoldfastException overflowBecause;
    /** The node that was written last. */
    private BlockPointer written = BlockPointer.NONE;

    private byte[] writtenContent = {};

    BatchApply(NodeReader reader, RootWriter writer, Changes changes, Losses losses) {
        this(reader, writer, changes, losses, losses.mending(), false);
    }

    /** @param ofChanges the tree is a patch's tree of changes, in which a removal is an item */
    private BatchApply(
            NodeReader reader, RootWriter writer, Changes changes, Losses losses, Mending mending, boolean ofChanges) {
        this.reader = reader;
        this.writer = writer;
        this.changes = changes;
        this.losses = losses;
        this.mending = mending;
        this.ofChanges = ofChanges;
    }

    /** Returns the root of the new tree, with a copy. */
    TreeRoot run(TreeRoot root) throws HoldfastException {
        if (changes.isEmpty() && !mending.opened().contains(root.node().block())) {
            return root;
        }
        if (root.isNone()) {
            addChangesBelow(null);
        } else {
            TreeNode top = TreeNode.readRoot(reader, root);
            dropRoot(writer, root);
            openDropped(top, null);
        }
        BlockPointer node = finish();
        if (node.isNone()) {
            return TreeRoot.NONE;
        }
        byte[] content = node.equals(written) ? writtenContent : reader.read(node, TreeNode.STRUCTURE);
        return new TreeRoot(node, writer.writeCopy(node, content));
    }

    /** Gives up both copies of a root. */
    static void dropRoot(RootWriter writer, TreeRoot root) throws HoldfastException {
        for (BlockPointer pointer : TreeNode.copies(root)) {
            writer.dropRewritten(pointer);
        }
    }

    private void open(BlockPointer pointer, TreeNode node, byte @Nullable [] high) throws HoldfastException {
        writer.dropRewritten(pointer);
        openDropped(node, high);
    }

    private void openDropped(TreeNode node, byte @Nullable [] high) throws HoldfastException {
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
                losses.placed(change, leaf.item(i).value());
                place(change);
            }
        }
        addChangesBelow(high);
    }

    private void addChangesBelow(byte @Nullable [] high) throws HoldfastException {
        for (Item change = changes.peekBelow(high); change != null; change = changes.peekBelow(high)) {
            if (!ofChanges) {
                losses.placed(change, null);
            }
            place(change);
        }
    }

    private void place(Item change) throws HoldfastException {
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
        } else if (ofChanges) {
            lose(new LostKeys(pointer, level, low, end), why);
            overflow(why, end);
            share(level, entry);
        } else {
            addPatch(new LostKeys(pointer, level, low, end), TreeNode.patchDepth(entry) + 1, why);
        }
        addChangesBelow(high);
    }

    private void lose(LostKeys lost, HoldfastException why) throws HoldfastException {
        if (mends > 0) {
            losses.stillLost(lost, why);
        } else {
            losses.lost(lost, why);
        }
    }

    /** Sets the changes below a key aside: they fall into a node of this tree of changes that cannot be read. */
    private void overflow(HoldfastException why, byte @Nullable [] high) throws HoldfastException {
        BatchApply to = overflow;
        if (to == null) {
            to = ofChanges(new Changes(() -> null));
            overflow = to;
            overflowBecause = why;
        }
        for (Item change = changes.peekBelow(high); change != null; change = changes.peekBelow(high)) {
            to.add(0, change);
            changes.advance();
        }
    }

    /** Puts a patch with the changes that fall into the range in the place of a node, or of a patch. */
    private void addPatch(LostKeys lost, int depth, HoldfastException why) throws HoldfastException {
        lose(lost, why);
        if (Inject.off(Guard.LOST_KEEPS_POINTER)) {
            writer.dropRewritten(lost.node());
            addChangesBelow(lost.high());
            return;
        }
        requireDepth(depth, why);
        BatchApply changed = ofChanges(changes.below(lost.high()));
        changed.addChangesBelow(lost.high());
        BlockPointer own = changed.finish();
        PatchNode patch = new PatchNode(lost.level(), depth, lost.node(), own, lost.low(), lost.high());
        share(patch, writer.write(patch.encode()));
    }

    /** Applies changes to those of a patch; returns the new root of the tree of changes. */
    private BlockPointer runOn(PatchNode patch) throws HoldfastException {
        if (changes.isEmpty()) {
            return patch.changes();
        }
        TreeNode top;
        try {
            top = patch.readChanges(reader);
        } catch (HoldfastException e) {
            lose(new LostKeys(patch.changes(), patch.level(), patch.low(), patch.high()), e);
            overflow(e, patch.high());
            return patch.changes();
        }
        open(patch.changes(), top, patch.high());
        return finish();
    }

    private static void requireDepth(int depth, HoldfastException why) throws HoldfastException {
        if (depth > PatchNode.DEPTH_MAX) {
            throw new HoldfastException(
                    why.code(),
                    "more than %d blocks of one place in the metadata tree cannot be read: %s"
                            .formatted(PatchNode.DEPTH_MAX, why.getMessage()),
                    why);
        }
    }

    private BatchApply ofChanges(Changes below) {
        BatchApply own = new BatchApply(reader, writer, below, losses, Mending.NOTHING, true);
        own.mends = mends;
        return own;
    }

    private void share(PatchNode patch, BlockPointer pointer) throws HoldfastException {
        share(patch.level(), TreeNode.patchItem(patch.low(), pointer, patch.depth()));
    }

    /** Adds changes to those of a patch, or puts all of them into its base if that can be read again. */
    private void patch(BlockPointer pointer, PatchNode patch, byte @Nullable [] high) throws HoldfastException {
        addChangesBelow(patch.low());
        if (mending.merged().contains(pointer.block())) {
            mend(pointer, patch);
        } else {
            change(pointer, patch);
        }
        addChangesBelow(high);
    }

    /** Adds the changes of its range to those of a patch. */
    private void change(BlockPointer pointer, PatchNode patch) throws HoldfastException {
        BatchApply own = ofChanges(changes.below(patch.high()));
        BlockPointer changed = own.runOn(patch);
        PatchNode last = patch;
        BlockPointer lastAt = pointer;
        if (!changed.equals(patch.changes())) {
            writer.dropRewritten(pointer);
            last = patch.with(changed);
            lastAt = writer.write(last.encode());
        }
        BatchApply above = own.overflow;
        HoldfastException why = own.overflowBecause;
        if (above != null && why != null) {
            requireDepth(last.depth() + 1, why);
            last = new PatchNode(last.level(), last.depth() + 1, lastAt, above.finish(), last.low(), last.high());
            lastAt = writer.write(last.encode());
        }
        share(last, lastAt);
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
                patch.high(),
                (newer, replaced) -> losses.placed(newer, replaced.value()));
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
        byte[] content = TreeNode.encode(level, ofChanges, items);
        BlockPointer pointer = writer.write(content);
        written = pointer;
        writtenContent = content;
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
                if (level > 0 && packer.size() == 1 && canBeRoot(packer.first(), level - 1)) {
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

    /** Returns whether a child can become the root: this pass has written it, or it can be read. A patch cannot: nothing else would tell its level. */
    private boolean canBeRoot(Item entry, int level) {
        return TreeNode.patchDepth(entry) == 0
                && (TreeNode.pointerOf(entry).equals(written) || readable(entry, level, null) != null);
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
            TreeNode node = TreeNode.patchDepth(entry) > 0 ? null : readable(entry, at, high);
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

    private @Nullable TreeNode readable(Item entry, int level, byte @Nullable [] high) {
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
