package io.holdfast.btree;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Item;
import io.holdfast.node.NodeReader;
import io.holdfast.node.NodeWriter;
import java.util.ArrayList;
import java.util.Iterator;
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
 * </ul>
 */
final class BatchApply {
    private final NodeReader reader;
    private final NodeWriter writer;
    private final Changes changes;
    private final List<NodePacker> packers = new ArrayList<>();

    BatchApply(NodeReader reader, NodeWriter writer, Iterator<Item> changes) {
        this.reader = reader;
        this.writer = writer;
        this.changes = new Changes(changes);
    }

    BlockPointer run(BlockPointer root) throws HoldfastException {
        if (changes.isEmpty()) {
            return root;
        }
        if (root.isNone()) {
            addChangesBelow(null);
        } else {
            open(root, TreeNode.readRoot(reader, root), null);
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
        if (changes.peekBelow(high) == null && canShare(level)) {
            for (int below = 0; below <= level; below++) {
                flush(below);
            }
            add(level + 1, parent.item(i));
        } else {
            BlockPointer child = parent.child(i);
            open(child, TreeNode.readChild(reader, child, level, parent.key(i), high), high);
        }
    }

    private void merge(TreeNode leaf, byte @Nullable [] high) throws HoldfastException {
        for (int i = 0; i < leaf.count(); i++) {
            byte[] key = leaf.key(i);
            addChangesBelow(key);
            Item change = changes.peekBelow(high);
            if (change == null || leaf.compareKey(i, change.key()) != 0) {
                add(0, new Item(key, leaf.value(i)));
            }
        }
        addChangesBelow(high);
    }

    private void addChangesBelow(byte @Nullable [] high) throws HoldfastException {
        for (Item change = changes.peekBelow(high); change != null; change = changes.peekBelow(high)) {
            if (change.value() != null) {
                add(0, change);
            }
            changes.advance();
        }
    }

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
        BlockPointer pointer = writer.write(TreeNode.encode(level, items));
        add(level + 1, TreeNode.childItem(items.getFirst().key(), pointer));
    }

    private BlockPointer finish() throws HoldfastException {
        for (int level = 0; ; level++) {
            NodePacker packer = packer(level);
            if (lowestFilledAbove(level) < 0) {
                if (packer.isEmpty()) {
                    return BlockPointer.NONE;
                }
                if (level > 0 && packer.size() == 1) {
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

    /** Opens the node to the left of the packer's content and puts its content in front; false if there is none. */
    private boolean pullLeft(int level) throws HoldfastException {
        int filled = lowestFilledAbove(level);
        if (filled < 0) {
            return false;
        }
        byte[] high = packer(level).first().key();
        Item entry = packer(filled).removeLast();
        for (int at = filled - 1; ; at--) {
            BlockPointer pointer = TreeNode.pointerOf(entry);
            TreeNode node = TreeNode.readChild(reader, pointer, at, entry.key(), high);
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
