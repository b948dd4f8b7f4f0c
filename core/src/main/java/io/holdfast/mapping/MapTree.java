package io.holdfast.mapping;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.MapEntry;
import io.holdfast.node.NodeReader;
import org.jspecify.annotations.Nullable;

/**
 * The copy-on-write radix tree of a file's map: lookup, and the application of a batch of changes.
 *
 * <p>Level 1 are the leaves, each for 256 blocks. A node has no header: its parent's checksum proves it. A subtree that
 * is all hole or all unwritten is an entry in its parent and has no nodes, so a map costs what its data costs, whatever
 * its logical size.
 */
public final class MapTree {
    private static final String STRUCTURE = "map node";

    private MapTree() {}

    /** Receives the result of a lookup. */
    public interface Found {
        void entry(long word, long checksum);
    }

    /** Looks one block up. */
    public static void lookup(NodeReader reader, MapRoot root, long block, Found found) throws HoldfastException {
        if (block >= root.span()) {
            found.entry(0, 0);
            return;
        }
        long word = root.word();
        long checksum = root.checksum();
        NodeReader.Following following = NodeReader.Following.NONE;
        byte[] entry = new byte[MapEntry.SIZE];
        for (int level = root.levels(); MapEntry.state(word) == MapEntry.NODE; level--) {
            requireLevel(word, level);
            BlockPointer pointer = new BlockPointer(MapEntry.block(word), checksum);
            int slot = slot(block, level);
            reader.copy(pointer, STRUCTURE, following, false, slot * MapEntry.SIZE, entry, MapEntry.SIZE);
            following = k -> knownChild(reader, pointer, slot + k);
            word = MapEntry.wordAt(entry, 0);
            checksum = MapEntry.checksumAt(entry, 0);
            checkEntry(word, level - 1, slot);
        }
        found.entry(word, checksum);
    }

    /** Tells a run, which begins at block {@code first}, what the tree says of those of its blocks that it does not know. */
    static void tell(NodeReader reader, MapRoot root, long first, MappingRun run) throws HoldfastException {
        byte[] entries = new byte[Math.min(run.count(), MapEntry.FANOUT) * MapEntry.SIZE];
        for (int i = run.nextUnknown(0); i < run.count(); i = run.nextUnknown(i + 1)) {
            long block = first + i;
            if (block >= root.span()) {
                run.fillHoles();
                return;
            }
            long word = root.word();
            long checksum = root.checksum();
            for (int level = root.levels(); MapEntry.state(word) == MapEntry.NODE; level--) {
                requireLevel(word, level);
                BlockPointer pointer = new BlockPointer(MapEntry.block(word), checksum);
                int slot = slot(block, level);
                int wanted = level == 1 ? Math.min(run.count() - i, MapEntry.FANOUT - slot) : 1;
                reader.copy(
                        pointer,
                        STRUCTURE,
                        NodeReader.Following.NONE,
                        false,
                        slot * MapEntry.SIZE,
                        entries,
                        wanted * MapEntry.SIZE);
                word = MapEntry.wordAt(entries, 0);
                checksum = MapEntry.checksumAt(entries, 0);
                checkEntry(word, level - 1, slot);
                tellNeighbours(entries, slot, run, i, wanted);
            }
            run.set(i, word, checksum);
        }
    }

    /** Tells what entries of a leaf, of which the first is for block {@code i} of a run, say of the blocks behind that. */
    private static void tellNeighbours(byte[] entries, int slot, MappingRun run, int i, int count)
            throws HoldfastException {
        for (int k = run.nextUnknown(i + 1); k < i + count; k = run.nextUnknown(k + 1)) {
            long word = MapEntry.wordAt(entries, k - i);
            checkEntry(word, 0, slot + k - i);
            run.set(k, word, MapEntry.checksumAt(entries, k - i));
        }
    }

    /** Returns the word at a block (data without its block number) and for how many blocks at least it holds. */
    public static DeltaMap.Run run(NodeReader reader, MapRoot root, long block) throws HoldfastException {
        if (block >= root.span()) {
            return new DeltaMap.Run(0, Long.MAX_VALUE - block);
        }
        long word = root.word();
        long checksum = root.checksum();
        int level = root.levels();
        while (MapEntry.state(word) == MapEntry.NODE) {
            byte[] node = read(reader, word, checksum, level);
            int slot = slot(block, level);
            word = MapEntry.wordAt(node, slot);
            checksum = MapEntry.checksumAt(node, slot);
            level--;
            checkEntry(word, level, slot);
            if (MapEntry.state(word) != MapEntry.NODE) {
                int end = slot + 1;
                while (end < MapEntry.FANOUT && sameKind(MapEntry.wordAt(node, end), word)) {
                    end++;
                }
                long span = 1L << MapEntry.spanLog2(level);
                long within = block & (span - 1);
                return new DeltaMap.Run(word, (end - slot) * span - within);
            }
        }
        return new DeltaMap.Run(word, root.span() - block);
    }

    private static boolean sameKind(long a, long b) {
        return MapEntry.state(a) == MapEntry.state(b);
    }

    /** Applies changes and returns the new root. Only paths to changed blocks are read and written. */
    public static MapRoot apply(MapChanges changes, MapRoot root, DeltaMap delta) throws HoldfastException {
        Applier applier = new Applier(changes, delta, root.dataBlocks());
        MapRoot base = root;
        if (delta.dropped()) {
            applier.discard(root.word(), root.checksum(), root.levels());
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
        applier.node(word, checksum, levels, 0, NodeReader.Following.NONE);
        if (MapEntry.state(applier.word) == MapEntry.HOLE) {
            // What hangs below subtrees that were cut off stays counted until it is freed, unless the file is gone.
            return delta.dropped() ? MapRoot.EMPTY : new MapRoot(0, 0, applier.dataBlocks, 1);
        }
        return new MapRoot(applier.word, applier.checksum, applier.dataBlocks, levels);
    }

    /** Frees what hangs below one entry of level {@code level}: a block, a leaf, or, cut off, a whole subtree. */
    public static void discard(MapChanges changes, long word, long checksum, int level) throws HoldfastException {
        new Applier(changes, new DeltaMap(1), 0).discard(word, checksum, level);
    }

    /**
     * Frees one node of a subtree that was cut off: the blocks of a leaf, while the children of an inner node are handed
     * to {@link MapChanges#subtreeRemoved} in turn. A node that cannot be read is reported and what hangs below it stays
     * allocated: better some blocks lost than blocks freed on hearsay.
     *
     * @return how many data blocks were freed
     */
    public static long reap(MapChanges changes, BlockPointer pointer, int level) throws HoldfastException {
        Applier applier = new Applier(changes, new DeltaMap(1), 0);
        applier.reap(pointer, level);
        return -applier.dataBlocks;
    }

    static int slot(long block, int level) {
        return (int) (block >>> MapEntry.spanLog2(level - 1)) & (MapEntry.FANOUT - 1);
    }

    static byte[] read(NodeReader reader, long word, long checksum, int level) throws HoldfastException {
        requireLevel(word, level);
        return reader.read(new BlockPointer(MapEntry.block(word), checksum), STRUCTURE);
    }

    private static void requireLevel(long word, int level) throws HoldfastException {
        if (level < 1) {
            throw new HoldfastException(
                    ErrorCode.DAMAGED, "map node in block %d is deeper than its map".formatted(MapEntry.block(word)));
        }
    }

    /** Returns the child in a slot, if that is a node. A checkpoint writes siblings side by side. */
    private static @Nullable BlockPointer sibling(byte[] parent, int slot) {
        if (slot >= MapEntry.FANOUT || MapEntry.state(MapEntry.wordAt(parent, slot)) != MapEntry.NODE) {
            return null;
        }
        return new BlockPointer(MapEntry.block(MapEntry.wordAt(parent, slot)), MapEntry.checksumAt(parent, slot));
    }

    /** Returns the child in a slot of a node, if both are known without reading anything. */
    private static @Nullable BlockPointer knownChild(NodeReader reader, BlockPointer parent, int slot) {
        byte[] entry = new byte[MapEntry.SIZE];
        if (slot >= MapEntry.FANOUT
                || !reader.peek(parent, slot * MapEntry.SIZE, entry, MapEntry.SIZE)
                || MapEntry.state(MapEntry.wordAt(entry, 0)) != MapEntry.NODE) {
            return null;
        }
        return new BlockPointer(MapEntry.block(MapEntry.wordAt(entry, 0)), MapEntry.checksumAt(entry, 0));
    }

    /** Checks an entry whose node proved itself: a writer's mistake must not become ours. */
    static void checkEntry(long word, int level, int slot) throws HoldfastException {
        boolean sound = switch (MapEntry.state(word)) {
            case MapEntry.HOLE -> word == 0;
            case MapEntry.UNWRITTEN -> MapEntry.block(word) == 0;
            case MapEntry.WRITTEN, MapEntry.WRITTEN_NO_CHECKSUM -> level == 0 && MapEntry.block(word) != 0;
            case MapEntry.NODE -> level > 0 && MapEntry.block(word) != 0;
            default -> false;
        };
        if (!sound) {
            throw new HoldfastException(
                    ErrorCode.DAMAGED,
                    "map node is damaged: entry %d of a node of level %d is %#x".formatted(slot, level + 1, word));
        }
    }

    /** One application; the result of the last {@link #node} is in {@code word} and {@code checksum}. */
    private static final class Applier {
        private final MapChanges changes;
        private final DeltaMap delta;
        /** A node of each level, from level 1 on: those between the root and where the application is. */
        private final byte[][] open = new byte[MapEntry.LEVELS_MAX][];

        private long dataBlocks;
        private long word;
        private long checksum;

        Applier(MapChanges changes, DeltaMap delta, long dataBlocks) {
            this.changes = changes;
            this.delta = delta;
            this.dataBlocks = dataBlocks;
        }

        private void result(long newWord, long newChecksum) {
            word = newWord;
            checksum = newChecksum;
        }

        void node(long oldWord, long oldChecksum, int level, long firstChunk, NodeReader.Following following)
                throws HoldfastException {
            long chunks = 1L << (MapEntry.spanLog2(level) - MapEntry.FANOUT_LOG2);
            long touched = delta.nextTouched(firstChunk);
            if (touched < 0 || touched - firstChunk >= chunks) {
                result(oldWord, oldChecksum);
                return;
            }
            int covering = delta.covering(firstChunk, chunks);
            if (covering >= 0) {
                discard(oldWord, oldChecksum, level);
                if (covering == MapEntry.UNWRITTEN) {
                    changes.unwrittenChanged(chunks << MapEntry.FANOUT_LOG2);
                }
                result(MapEntry.word(covering, 0), 0);
                return;
            }
            byte[] node = open(oldWord, oldChecksum, level, following);
            if (level == 1) {
                leaf(node, firstChunk);
            } else {
                inner(node, level, firstChunk, chunks, touched);
            }
            close(node, oldWord, oldChecksum);
        }

        private void inner(byte[] node, int level, long firstChunk, long chunks, long firstTouched)
                throws HoldfastException {
            long childChunks = chunks >>> MapEntry.FANOUT_LOG2;
            long touched = firstTouched;
            while (touched >= 0 && touched - firstChunk < chunks) {
                int slot = (int) ((touched - firstChunk) / childChunks);
                long childFirst = firstChunk + slot * childChunks;
                long childWord = MapEntry.wordAt(node, slot);
                checkEntry(childWord, level - 1, slot);
                node(
                        childWord,
                        MapEntry.checksumAt(node, slot),
                        level - 1,
                        childFirst,
                        k -> touched(childFirst + k * childChunks, childChunks) ? sibling(node, slot + k) : null);
                MapEntry.put(node, slot, word, checksum);
                touched = delta.nextTouched(childFirst + childChunks);
            }
        }

        private boolean touched(long firstChunk, long chunks) {
            long next = delta.nextTouched(firstChunk);
            return next >= 0 && next - firstChunk < chunks;
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
            checkEntry(old, 0, slot);
            discard(old, 0, 0);
            if (MapEntry.isData(newWord)) {
                changes.dataAdded(MapEntry.block(newWord));
                dataBlocks++;
            } else if (MapEntry.state(newWord) == MapEntry.UNWRITTEN) {
                changes.unwrittenChanged(1);
            }
            MapEntry.put(node, slot, newWord, newChecksum);
        }

        /**
         * Returns a copy of the node, or one made of what its parent says for all of it; until another one of its level
         * is opened.
         */
        private byte[] open(long oldWord, long oldChecksum, int level, NodeReader.Following following)
                throws HoldfastException {
            requireLevel(oldWord, level);
            byte[] node = open[level - 1];
            if (node == null) {
                node = new byte[Block.SIZE];
                open[level - 1] = node;
            }
            if (MapEntry.state(oldWord) == MapEntry.NODE) {
                BlockPointer pointer = new BlockPointer(MapEntry.block(oldWord), oldChecksum);
                changes.copy(pointer, STRUCTURE, following, true, 0, node, node.length);
                return node;
            }
            for (int slot = 0; slot < MapEntry.FANOUT; slot++) {
                MapEntry.put(node, slot, oldWord, 0);
            }
            return node;
        }

        /** Writes the node, or folds it into its parent's entry if it is hole or unwritten all over. */
        private void close(byte[] node, long oldWord, long oldChecksum) throws HoldfastException {
            if (MapEntry.state(oldWord) == MapEntry.NODE) {
                changes.free(new BlockPointer(MapEntry.block(oldWord), oldChecksum));
            }
            long first = MapEntry.wordAt(node, 0);
            if (MapEntry.block(first) == 0) {
                boolean uniform = true;
                for (int slot = 1; uniform && slot < MapEntry.FANOUT; slot++) {
                    uniform = MapEntry.wordAt(node, slot) == first;
                }
                if (uniform) {
                    result(first, 0);
                    return;
                }
            }
            BlockPointer pointer = changes.write(node);
            result(MapEntry.word(MapEntry.NODE, pointer.block()), pointer.checksum());
        }

        void discard(long oldWord, long oldChecksum, int level) throws HoldfastException {
            switch (MapEntry.state(oldWord)) {
                case MapEntry.UNWRITTEN -> changes.unwrittenChanged(-(1L << MapEntry.spanLog2(level)));
                case MapEntry.WRITTEN, MapEntry.WRITTEN_NO_CHECKSUM -> {
                    changes.dataRemoved(MapEntry.block(oldWord));
                    dataBlocks--;
                }
                case MapEntry.NODE -> {
                    BlockPointer pointer = new BlockPointer(MapEntry.block(oldWord), oldChecksum);
                    if (level == 1) {
                        reap(pointer, level);
                    } else {
                        changes.subtreeRemoved(pointer, level);
                    }
                }
                default -> {}
            }
        }

        void reap(BlockPointer pointer, int level) throws HoldfastException {
            byte[] node;
            try {
                node = changes.read(pointer, STRUCTURE);
                for (int slot = 0; slot < MapEntry.FANOUT; slot++) {
                    checkEntry(MapEntry.wordAt(node, slot), level - 1, slot);
                }
            } catch (HoldfastException e) {
                changes.leaked(pointer, e);
                return;
            }
            for (int slot = 0; slot < MapEntry.FANOUT; slot++) {
                discard(MapEntry.wordAt(node, slot), MapEntry.checksumAt(node, slot), level - 1);
            }
            changes.free(pointer);
        }
    }
}
