package io.holdfast.mapping;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.MapEntry;
import io.holdfast.node.NodeReader;
import org.jspecify.annotations.Nullable;

/**
 * Applies a batch of changes to a map tree. Reads and writes only the paths to changed blocks. Used once, by one
 * thread.
 */
public final class MapUpdate {
    /** A parent's entry for a child: a node, or the state of all blocks below. */
    private record Child(long word, long checksum) {}

    private final MapChanges changes;
    private final DeltaMap delta;
    private final MapRelease release;
    private final MapChanges.LostNodes lostNodes;
    /** One node of each level, from level 1 on: the open path from the root to the present place. */
    private final byte[][] open = new byte[MapEntry.LEVELS_MAX][];

    private long dataBlocksAdded;
    private long unwrittenAdded;

    private MapUpdate(MapChanges changes, DeltaMap delta, MapChanges.CutOff cutOff, MapChanges.LostNodes lostNodes) {
        this.changes = changes;
        this.delta = delta;
        this.lostNodes = lostNodes;
        this.release = new MapRelease(changes, cutOff);
    }

    /**
     * Applies changes and returns the new root.
     *
     * @param cutOff takes subtrees that the new tree no longer has
     * @param lostNodes takes nodes that cannot be read
     */
    public static MapRoot apply(
            MapChanges changes, MapRoot root, DeltaMap delta, MapChanges.CutOff cutOff, MapChanges.LostNodes lostNodes)
            throws HoldfastException {
        return new MapUpdate(changes, delta, cutOff, lostNodes).run(root);
    }

    private MapRoot run(MapRoot root) throws HoldfastException {
        MapRoot base = root;
        if (delta.dropped()) {
            release.entry(root.word(), root.checksum(), root.levels());
            base = MapRoot.EMPTY;
        }
        int levels = base.levels();
        long word = base.word();
        long checksum = base.checksum();
        long last = delta.lastUsedBlock();
        while (last >= 1L << MapEntry.spanLog2(levels)) {
            levels++;
            if (word != 0) {
                byte[] grown = new byte[Block.SIZE];
                MapEntry.put(grown, 0, word, checksum);
                BlockPointer pointer = changes.write(grown);
                word = MapEntry.word(MapEntry.NODE, pointer.block());
                checksum = pointer.checksum();
            }
        }
        Child top = node(new Child(word, checksum), levels, 0, NodeReader.Following.NONE);
        // Counts that were too low stay wrong, which a repair mends. Below 0 the item could not be read.
        long dataBlocks = Math.max(0, root.dataBlocks() + dataBlocksAdded - release.dataBlocks());
        long unwritten = Math.max(0, root.unwrittenBlocks() + unwrittenAdded - release.unwrittenBlocks());
        if (MapEntry.state(top.word()) == MapEntry.HOLE) {
            // Blocks of cut-off subtrees stay counted until they are freed, unless the file is gone.
            MapRoot empty = delta.dropped() ? MapRoot.EMPTY : new MapRoot(0, 0, dataBlocks, unwritten, 1);
            return empty.withSince(root.since());
        }
        return new MapRoot(top.word(), top.checksum(), dataBlocks, unwritten, levels, root.since());
    }

    private Child node(Child old, int level, long firstChunk, NodeReader.Following following) throws HoldfastException {
        long chunks = 1L << (MapEntry.spanLog2(level) - MapEntry.FANOUT_LOG2);
        long touched = delta.nextTouched(firstChunk);
        if (touched < 0 || touched - firstChunk >= chunks) {
            return old;
        }
        int covering = delta.covering(firstChunk, chunks);
        if (covering >= 0) {
            release.entry(old.word(), old.checksum(), level);
            if (covering == MapEntry.UNWRITTEN) {
                addUnwritten(chunks << MapEntry.FANOUT_LOG2);
            }
            return new Child(MapEntry.word(covering, 0), 0);
        }
        byte[] node = node(level);
        Child opened = open(node, old, level, firstChunk, following);
        if (level == 1) {
            leaf(node, firstChunk);
        } else {
            inner(node, level, firstChunk, chunks, touched);
        }
        return close(node, opened);
    }

    private void addUnwritten(long blocks) {
        changes.unwrittenChanged(blocks);
        unwrittenAdded += blocks;
    }

    private void inner(byte[] node, int level, long firstChunk, long chunks, long firstTouched)
            throws HoldfastException {
        long childChunks = chunks >>> MapEntry.FANOUT_LOG2;
        long touched = firstTouched;
        while (touched >= 0 && touched - firstChunk < chunks) {
            int slot = (int) ((touched - firstChunk) / childChunks);
            long childFirst = firstChunk + slot * childChunks;
            long childWord = MapEntry.wordAt(node, slot);
            Child child = node(
                    new Child(childWord, MapEntry.checksumAt(node, slot)),
                    level - 1,
                    childFirst,
                    NodeReader.Following.certain(
                            k -> touched(childFirst + k * childChunks, childChunks) ? sibling(node, slot + k) : null));
            MapEntry.put(node, slot, child.word(), child.checksum());
            touched = delta.nextTouched(childFirst + childChunks);
        }
    }

    private boolean touched(long firstChunk, long chunks) {
        long next = delta.nextTouched(firstChunk);
        return next >= 0 && next - firstChunk < chunks;
    }

    /** Returns the child in a slot, if that is a node. A checkpoint writes siblings side by side. */
    private static @Nullable BlockPointer sibling(byte[] parent, int slot) {
        if (slot >= MapEntry.FANOUT || MapEntry.state(MapEntry.wordAt(parent, slot)) != MapEntry.NODE) {
            return null;
        }
        return new BlockPointer(MapEntry.block(MapEntry.wordAt(parent, slot)), MapEntry.checksumAt(parent, slot));
    }

    private void leaf(byte[] node, long chunk) throws HoldfastException {
        DeltaLeaf leaf = delta.leaf(chunk);
        if (leaf == null) {
            throw new IllegalStateException("a touched chunk has neither leaf nor range");
        }
        if (leaf.base() != DeltaLeaf.FALL_THROUGH) {
            for (int slot = 0; slot < MapEntry.FANOUT; slot++) {
                replace(node, slot, MapEntry.word(leaf.base(), 0), 0);
            }
        }
        for (int i = 0; i < leaf.size(); i++) {
            replace(node, leaf.slotAt(i), leaf.wordAt(i), leaf.checksumAt(i));
        }
    }

    private void replace(byte[] node, int slot, long newWord, long newChecksum) throws HoldfastException {
        long old = MapEntry.wordAt(node, slot);
        if (MapEntry.isData(newWord)) {
            changes.take(MapEntry.block(newWord));
            dataBlocksAdded++;
        } else if (MapEntry.state(newWord) == MapEntry.UNWRITTEN) {
            addUnwritten(1);
        }
        release.entry(old, 0, 0);
        MapEntry.put(node, slot, newWord, newChecksum);
    }

    /** Returns the memory for a node of a level; valid until the next one of its level is opened. */
    private byte[] node(int level) {
        byte[] node = open[level - 1];
        if (node == null) {
            node = new byte[Block.SIZE];
            open[level - 1] = node;
        }
        return node;
    }

    /**
     * Fills {@code node} with a copy of a node, or with its parent's entry. One that cannot be read is lost: damage in one file
     * must not keep all others from their checkpoint.
     *
     * @return what the node was made of, which the new one takes the place of
     */
    private Child open(byte[] node, Child old, int level, long firstChunk, NodeReader.Following following)
            throws HoldfastException {
        MapTree.requireLevel(old.word(), level);
        Child known = old;
        if (MapEntry.state(old.word()) == MapEntry.NODE) {
            BlockPointer pointer = new BlockPointer(MapEntry.block(old.word()), old.checksum());
            try {
                changes.copy(pointer, MapTree.STRUCTURE, following, 0, node, node.length);
                for (int slot = 0; slot < MapEntry.FANOUT; slot++) {
                    MapTree.checkEntry(MapEntry.wordAt(node, slot), level - 1, slot);
                }
                return old;
            } catch (HoldfastException e) {
                lostNodes.lost(pointer, level, firstChunk << MapEntry.FANOUT_LOG2, e);
                known = new Child(MapEntry.word(MapEntry.LOST, 0), 0);
            }
        }
        for (int slot = 0; slot < MapEntry.FANOUT; slot++) {
            MapEntry.put(node, slot, known.word(), 0);
        }
        return known;
    }

    /** Writes the node, or folds it into its parent's entry if all of it is hole or unwritten. */
    private Child close(byte[] node, Child old) throws HoldfastException {
        Child written = written(node);
        if (MapEntry.state(old.word()) == MapEntry.NODE) {
            changes.dropRewritten(new BlockPointer(MapEntry.block(old.word()), old.checksum()));
        }
        return written;
    }

    private Child written(byte[] node) throws HoldfastException {
        long first = MapEntry.wordAt(node, 0);
        if (MapEntry.block(first) == 0) {
            boolean uniform = true;
            for (int slot = 1; uniform && slot < MapEntry.FANOUT; slot++) {
                uniform = MapEntry.wordAt(node, slot) == first;
            }
            if (uniform) {
                return new Child(first, 0);
            }
        }
        BlockPointer pointer = changes.write(node);
        return new Child(MapEntry.word(MapEntry.NODE, pointer.block()), pointer.checksum());
    }
}
