package io.holdfast.mapping;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.MapEntry;
import io.holdfast.node.NodeReader;
import org.jspecify.annotations.Nullable;

/**
 * The copy-on-write radix tree of a file's map: lookup. {@link MapUpdate} applies changes to it, {@link MapRelease}
 * drops parts of it.
 *
 * <p>Level 1 are the leaves, each for 256 blocks. A node has no header: its parent's checksum proves it. A subtree that
 * is all hole or all unwritten is an entry in its parent and has no nodes. So a map's size depends on its data, not on
 * the file's size.
 */
public final class MapTree {
    static final String STRUCTURE = "map node";

    private MapTree() {}

    /** Receives the result of a lookup. */
    public interface Found {
        void entry(long word, long checksum);
    }

    /**
     * Looks one block up.
     *
     * @throws UnreadableRangeException if a node on the way cannot be read
     */
    public static void lookup(NodeReader reader, MapRoot root, long block, Found found) throws HoldfastException {
        if (block >= root.span()) {
            found.entry(0, 0);
            return;
        }
        long word = root.word();
        long checksum = root.checksum();
        NodeReader.Following following = NodeReader.Following.NONE;
        byte[] entry = new byte[MapEntry.SIZE];
        int level = root.levels();
        try {
            while (MapEntry.state(word) == MapEntry.NODE) {
                requireLevel(word, level);
                BlockPointer pointer = new BlockPointer(MapEntry.block(word), checksum);
                int slot = slot(block, level);
                reader.copy(pointer, STRUCTURE, following, slot * MapEntry.SIZE, entry, MapEntry.SIZE);
                following = k -> knownChild(reader, pointer, slot + k);
                level--;
                word = MapEntry.wordAt(entry, 0);
                checksum = MapEntry.checksumAt(entry, 0);
                checkEntry(word, level, slot);
            }
        } catch (HoldfastException e) {
            throw unreadable(e, block, level);
        }
        found.entry(word, checksum);
    }

    /**
     * Returns the error for what is below an entry that leads nowhere, or below a node that cannot be read.
     *
     * @param level of the node, or 0 for the entry of one block
     */
    private static HoldfastException unreadable(HoldfastException e, long block, int level) {
        return switch (e.code()) {
            case CHECKSUM_MISMATCH, DAMAGED, DEVICE_ERROR ->
                new UnreadableRangeException(
                        e.code(), String.valueOf(e.getMessage()), block, toEndOfSpan(block, Math.max(level, 0)), e);
            default -> e;
        };
    }

    /** Returns how many blocks there are from a block to the end of the span of an entry of a level. */
    private static long toEndOfSpan(long block, int level) {
        long span = 1L << MapEntry.spanLog2(level);
        return span - (block & (span - 1));
    }

    /**
     * Fills in the unknown blocks of a run, which begins at block {@code first}, from the tree.
     *
     * @throws UnreadableRangeException if a node on the way to one of them cannot be read
     */
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
            NodeReader.Following following = NodeReader.Following.NONE;
            int level = root.levels();
            try {
                while (MapEntry.state(word) == MapEntry.NODE) {
                    requireLevel(word, level);
                    BlockPointer pointer = new BlockPointer(MapEntry.block(word), checksum);
                    int slot = slot(block, level);
                    int wanted = level == 1 ? Math.min(run.count() - i, MapEntry.FANOUT - slot) : 1;
                    int from = slot * MapEntry.SIZE;
                    reader.copy(pointer, STRUCTURE, following, from, entries, wanted * MapEntry.SIZE);
                    following = k -> knownChild(reader, pointer, slot + k);
                    level--;
                    word = MapEntry.wordAt(entries, 0);
                    checksum = MapEntry.checksumAt(entries, 0);
                    checkEntry(word, level, slot);
                    tellNeighbours(entries, slot, run, i, wanted);
                }
            } catch (HoldfastException e) {
                throw unreadable(e, block, level);
            }
            run.set(i, word, checksum);
        }
    }

    /** Fills in the blocks behind block {@code i} of a run from a leaf's entries, which begin with that block's. */
    private static void tellNeighbours(byte[] entries, int slot, MappingRun run, int i, int count)
            throws HoldfastException {
        for (int k = run.nextUnknown(i + 1); k < i + count; k = run.nextUnknown(k + 1)) {
            long word = MapEntry.wordAt(entries, k - i);
            checkEntry(word, 0, slot + k - i);
            run.set(k, word, MapEntry.checksumAt(entries, k - i));
        }
    }

    /**
     * Returns the word of a block and for how many blocks from it on its state holds at least.
     *
     * @throws UnreadableRangeException if a node on the way cannot be read
     */
    public static MapExtent run(NodeReader reader, MapRoot root, long block) throws HoldfastException {
        if (block >= root.span()) {
            return new MapExtent(0, Long.MAX_VALUE - block);
        }
        long word = root.word();
        long checksum = root.checksum();
        int level = root.levels();
        long length = root.span() - block;
        try {
            while (MapEntry.state(word) == MapEntry.NODE) {
                byte[] node = read(reader, word, checksum, level);
                int slot = slot(block, level);
                word = MapEntry.wordAt(node, slot);
                checksum = MapEntry.checksumAt(node, slot);
                level--;
                checkEntry(word, level, slot);
                int end = slot + 1;
                while (end < MapEntry.FANOUT && sameKind(MapEntry.wordAt(node, end), word)) {
                    end++;
                }
                length = ((long) (end - slot - 1) << MapEntry.spanLog2(level)) + toEndOfSpan(block, level);
            }
        } catch (HoldfastException e) {
            throw unreadable(e, block, level);
        }
        return new MapExtent(word, length);
    }

    private static boolean sameKind(long a, long b) {
        return MapEntry.state(a) == MapEntry.state(b);
    }

    static int slot(long block, int level) {
        return (int) (block >>> MapEntry.spanLog2(level - 1)) & (MapEntry.FANOUT - 1);
    }

    static byte[] read(NodeReader reader, long word, long checksum, int level) throws HoldfastException {
        requireLevel(word, level);
        return reader.read(new BlockPointer(MapEntry.block(word), checksum), STRUCTURE);
    }

    static void requireLevel(long word, int level) throws HoldfastException {
        if (level < 1) {
            throw new HoldfastException(
                    ErrorCode.DAMAGED, "map node in block %d is deeper than its map".formatted(MapEntry.block(word)));
        }
    }

    /** Returns the child in a slot of a node, if memory has the node; reads nothing. */
    private static @Nullable BlockPointer knownChild(NodeReader reader, BlockPointer parent, int slot) {
        byte[] entry = new byte[MapEntry.SIZE];
        if (slot >= MapEntry.FANOUT
                || !reader.peek(parent, slot * MapEntry.SIZE, entry, MapEntry.SIZE)
                || MapEntry.state(MapEntry.wordAt(entry, 0)) != MapEntry.NODE) {
            return null;
        }
        return new BlockPointer(MapEntry.block(MapEntry.wordAt(entry, 0)), MapEntry.checksumAt(entry, 0));
    }

    /** Checks an entry although its node's checksum matched: the reader must not trust a writer's mistake. */
    static void checkEntry(long word, int level, int slot) throws HoldfastException {
        boolean sound = switch (MapEntry.state(word)) {
            case MapEntry.HOLE -> word == 0;
            case MapEntry.UNWRITTEN, MapEntry.LOST -> MapEntry.block(word) == 0;
            case MapEntry.WRITTEN, MapEntry.WRITTEN_NO_CHECKSUM -> level == 0 && MapEntry.block(word) != 0;
            case MapEntry.NODE -> level > 0 && MapEntry.block(word) != 0;
            default -> false;
        };
        if (!sound || !MapEntry.isPossible(word)) {
            throw new HoldfastException(
                    ErrorCode.DAMAGED,
                    "map node is damaged: entry %d of a node of level %d is %#x".formatted(slot, level + 1, word));
        }
    }
}
