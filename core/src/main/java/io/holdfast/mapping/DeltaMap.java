package io.holdfast.mapping;

import io.holdfast.format.MapEntry;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The changes of one file's map since a checkpoint, as the log carries them, outside the heap. Not thread-safe; {@link
 * BlockMap} guards it. Once frozen it does not change, and any threads may read it until it is {@link #release released}.
 *
 * <p>A 4 KiB write to a place of its own takes some 32 bytes: an entry of 16 in {@link DeltaLeaves}, and its chunk's part of a
 * {@link ChunkTree}. Where blocks of a chunk change together it is 16 to 24.
 *
 * <p>Invariants: a chunk (256 blocks) lies in a range or has a leaf or neither, never both; ranges are whole chunks and
 * do not overlap. {@link #unwritten()} counts the blocks that the changes make unwritten. Applying the changes writes
 * at most {@link #nodes()} tree nodes.
 */
public final class DeltaMap {
    private static final int CHUNK_LOG2 = MapEntry.FANOUT_LOG2;
    private static final int CHUNK = MapEntry.FANOUT;

    private final ChangeArea area;
    private final DeltaLeaves leaves;
    private final DeltaRanges ranges;
    private final int levelsMin;
    private long unwritten;
    private long nodes;
    private long dataBlocks;
    private boolean dropped;

    /** @param levelsMin levels of the tree to which the changes will be applied */
    public DeltaMap(int levelsMin, ChangeMemory memory) {
        this.levelsMin = levelsMin;
        this.area = new ChangeArea(memory);
        this.leaves = new DeltaLeaves(area);
        this.ranges = new DeltaRanges(area);
    }

    public boolean isEmpty() {
        return leaves.isEmpty() && ranges.isEmpty() && !dropped;
    }

    public long unwritten() {
        return unwritten;
    }

    /** Returns how many blocks the changes map to data. */
    public long dataBlocks() {
        return dataBlocks;
    }

    public long nodes() {
        return nodes;
    }

    /** Returns how much memory outside the heap the changes take. */
    public long bytes() {
        return area.bytes();
    }

    /** Gives the memory back. Nobody may use the changes any more. */
    public void release() {
        leaves.clear();
        ranges.clear();
        area.releaseAll();
    }

    /** Returns whether the file is gone, and with it everything below these changes. */
    public boolean dropped() {
        return dropped;
    }

    /** Returns an upper bound of the last block that the changes make other than a hole, or -1. */
    public long lastUsedBlock() {
        long last = leaves.isEmpty() ? -1 : ((leaves.last() + 1) << CHUNK_LOG2) - 1;
        long range = ranges.last();
        while (range != DeltaRanges.NONE && ranges.state(range) == MapEntry.HOLE) {
            range = ranges.floor(ranges.first(range) - 1);
        }
        return range == DeltaRanges.NONE ? last : Math.max(last, (ranges.end(range) << CHUNK_LOG2) - 1);
    }

    /** Returns the word of a block, -1 if the changes have none. */
    public long word(long block) {
        DeltaLeaf leaf = leaves.get(block >>> CHUNK_LOG2);
        if (leaf != null) {
            int position = leaf.find((int) (block & (CHUNK - 1)));
            return position >= 0 ? leaf.wordAt(position) : leaf.baseWord();
        }
        long range = ranges.at(block >>> CHUNK_LOG2);
        return range == DeltaRanges.NONE ? -1 : MapEntry.word(ranges.state(range), 0);
    }

    /** Returns the checksum of a block for which {@link #word} returned data. */
    public long checksum(long block) {
        DeltaLeaf leaf = requireLeaf(block >>> CHUNK_LOG2);
        return leaf.checksumAt(leaf.find((int) (block & (CHUNK - 1))));
    }

    /** Fills in the unknown blocks of a run, which begins at block {@code first}, as far as these changes know them. */
    void tell(long first, MappingRun run) {
        int i = run.nextUnknown(0);
        while (i < run.count()) {
            long chunk = (first + i) >>> CHUNK_LOG2;
            int end = (int) Math.min(run.count(), ((chunk + 1) << CHUNK_LOG2) - first);
            DeltaLeaf leaf = leaves.get(chunk);
            long range = leaf == null ? ranges.at(chunk) : DeltaRanges.NONE;
            for (; i < end; i = run.nextUnknown(i + 1)) {
                if (leaf != null) {
                    leaf.tell((int) ((first + i) & (CHUNK - 1)), run, i);
                } else if (range != DeltaRanges.NONE) {
                    run.set(i, MapEntry.word(ranges.state(range), 0), 0);
                }
            }
        }
    }

    /** Returns the word of a block, and for how many blocks from it on this holds at least. */
    public MapExtent run(long block) {
        long chunk = block >>> CHUNK_LOG2;
        DeltaLeaf leaf = leaves.get(chunk);
        if (leaf != null) {
            int slot = (int) (block & (CHUNK - 1));
            int position = leaf.find(slot);
            if (position >= 0) {
                return new MapExtent(leaf.wordAt(position), 1);
            }
            int next = ~position < leaf.size() ? leaf.slotAt(~position) : CHUNK;
            return new MapExtent(leaf.baseWord(), next - slot);
        }
        long range = ranges.at(chunk);
        if (range != DeltaRanges.NONE) {
            return new MapExtent(MapEntry.word(ranges.state(range), 0), (ranges.end(range) << CHUNK_LOG2) - block);
        }
        long next = nextTouched(chunk);
        return new MapExtent(-1, next < 0 ? Long.MAX_VALUE - block : (next << CHUNK_LOG2) - block);
    }

    /**
     * Sets one block.
     *
     * @param superseded called with each data block that these changes no longer hold
     */
    public void put(long block, long word, long checksum, LongConsumer superseded) {
        put(leafFor(block >>> CHUNK_LOG2), block, word, checksum, superseded);
    }

    /**
     * Sets {@code count} blocks from {@code block} on to data that lies side by side.
     *
     * @param word of the first block
     * @param checksums of the blocks, from index {@code from} on
     * @param superseded as in {@link #put}
     */
    public void putRun(long block, int count, long word, long[] checksums, int from, LongConsumer superseded) {
        int state = MapEntry.state(word);
        long at = MapEntry.block(word);
        for (int done = 0; done < count; ) {
            long leaf = leafFor((block + done) >>> CHUNK_LOG2);
            int slot = (int) ((block + done) & (CHUNK - 1));
            int n = Math.min(count - done, CHUNK - slot);
            if (leaves.insertRun(leaf, slot, n, MapEntry.word(state, at + done), checksums, from + done)) {
                dataBlocks += n;
                unwritten -= leaves.base(leaf) == MapEntry.UNWRITTEN ? n : 0;
            } else {
                for (int i = done; i < done + n; i++) {
                    put(leaf, block + i, MapEntry.word(state, at + i), checksums[from + i], superseded);
                }
            }
            done += n;
        }
    }

    /** Returns the place of a chunk's leaf, which it makes if need be. */
    private long leafFor(long chunk) {
        long leaf = leaves.find(chunk);
        return leaf == ChunkTree.NONE ? createLeaf(chunk) : leaf;
    }

    private void put(long leaf, long block, long word, long checksum, LongConsumer superseded) {
        long old = leaves.put(leaf, (int) (block & (CHUNK - 1)), word, checksum);
        if (MapEntry.isData(old) && old != -1) {
            superseded.accept(MapEntry.block(old));
            dataBlocks--;
        } else if (old != -1 && MapEntry.state(old) == MapEntry.UNWRITTEN) {
            unwritten--;
        }
        if (MapEntry.isData(word)) {
            dataBlocks++;
        } else if (MapEntry.state(word) == MapEntry.UNWRITTEN) {
            unwritten++;
        }
    }

    /** Makes a range hole or unwritten, whatever it was. */
    public void putRange(long first, long count, int state, LongConsumer superseded) {
        long end = first + count;
        long firstChunk = (first + CHUNK - 1) >>> CHUNK_LOG2;
        long endChunk = end >>> CHUNK_LOG2;
        if (firstChunk > endChunk || firstChunk == endChunk) {
            putSingly(first, end, state, superseded);
            return;
        }
        putSingly(first, firstChunk << CHUNK_LOG2, state, superseded);
        removeChunks(firstChunk, endChunk, superseded);
        ranges.add(firstChunk, endChunk, state);
        if (state == MapEntry.UNWRITTEN) {
            unwritten += (endChunk - firstChunk) << CHUNK_LOG2;
        }
        nodes += 2L * MapEntry.LEVELS_MAX;
        putSingly(endChunk << CHUNK_LOG2, end, state, superseded);
    }

    /** Forgets everything: the file is gone. */
    public void drop(LongConsumer superseded) {
        forEachLeaf(0, Long.MAX_VALUE, superseded);
        release();
        unwritten = 0;
        dropped = true;
        nodes = 0;
    }

    private void putSingly(long first, long end, int state, LongConsumer superseded) {
        for (long block = first; block < end; block++) {
            put(block, MapEntry.word(state, 0), 0, superseded);
        }
    }

    private long createLeaf(long chunk) {
        int base = DeltaLeaf.FALL_THROUGH;
        long range = ranges.at(chunk);
        if (range != DeltaRanges.NONE) {
            base = ranges.state(range);
            ranges.cut(chunk, chunk + 1);
        }
        nodes += newNodes(chunk);
        return leaves.create(chunk, base);
    }

    /**
     * Counts the nodes on a chunk's path that are on no other leaf's path: those below the lowest node that it shares
     * with its nearest neighbour. The sum over all leaves is exact for a tree of {@code levelsMin} levels.
     */
    private long newNodes(long chunk) {
        long lower = leaves.floor(chunk);
        long higher = leaves.ceiling(chunk);
        int own = Math.max(levelsMin, levelsFor(chunk << CHUNK_LOG2));
        int apart = own;
        if (lower >= 0) {
            apart = Math.min(apart, levelsApart(lower, chunk));
        }
        if (higher >= 0) {
            apart = Math.min(apart, levelsApart(higher, chunk));
        }
        return apart;
    }

    private static int levelsApart(long a, long b) {
        return (64 - Long.numberOfLeadingZeros(a ^ b) + MapEntry.FANOUT_LOG2 - 1) / MapEntry.FANOUT_LOG2;
    }

    /** Returns how many levels a tree needs to reach a block. */
    public static int levelsFor(long block) {
        int bits = 64 - Long.numberOfLeadingZeros(block);
        return Math.max(1, (bits + MapEntry.FANOUT_LOG2 - 1) / MapEntry.FANOUT_LOG2);
    }

    private void removeChunks(long from, long to, LongConsumer superseded) {
        forEachLeaf(from, to, superseded);
        for (long chunk = leaves.ceiling(from); chunk >= 0 && chunk < to; chunk = leaves.ceiling(chunk + 1)) {
            leaves.remove(chunk);
        }
        long before = ranges.floor(from - 1);
        if (before != DeltaRanges.NONE && ranges.end(before) > from) {
            countOut(from, Math.min(ranges.end(before), to), ranges.state(before));
        }
        long range = ranges.ceiling(from);
        while (range != DeltaRanges.NONE && ranges.first(range) < to) {
            countOut(ranges.first(range), Math.min(ranges.end(range), to), ranges.state(range));
            range = ranges.ceiling(ranges.end(range));
        }
        ranges.cut(from, to);
    }

    /** Counts the leaves of some chunks out, and tells of their data. */
    private void forEachLeaf(long from, long to, LongConsumer superseded) {
        for (long chunk = leaves.ceiling(from); chunk >= 0 && chunk < to; chunk = leaves.ceiling(chunk + 1)) {
            countOut(requireLeaf(chunk), superseded);
        }
    }

    private void countOut(DeltaLeaf leaf, LongConsumer superseded) {
        boolean was = leaf.base() == MapEntry.UNWRITTEN;
        unwritten -= was ? CHUNK : 0;
        for (int i = 0; i < leaf.size(); i++) {
            long word = leaf.wordAt(i);
            if (MapEntry.isData(word)) {
                superseded.accept(MapEntry.block(word));
                dataBlocks--;
            }
            boolean is = MapEntry.state(word) == MapEntry.UNWRITTEN;
            unwritten += (was ? 1 : 0) - (is ? 1 : 0);
        }
    }

    private void countOut(long from, long to, int state) {
        if (state == MapEntry.UNWRITTEN) {
            unwritten -= (to - from) << CHUNK_LOG2;
        }
    }

    // ---- for applying the changes to the tree ----

    /** Returns the leaf of a chunk; null if it lies in a range, or in neither. */
    @Nullable
    DeltaLeaf leaf(long chunk) {
        return leaves.get(chunk);
    }

    private DeltaLeaf requireLeaf(long chunk) {
        DeltaLeaf leaf = leaves.get(chunk);
        if (leaf == null) {
            throw new IllegalStateException("no leaf for chunk " + chunk);
        }
        return leaf;
    }

    /** Returns the first chunk at or after {@code from} that has a leaf or lies in a range, or -1. */
    long nextTouched(long from) {
        if (ranges.at(from) != DeltaRanges.NONE) {
            return from;
        }
        long leaf = leaves.ceiling(from);
        long range = ranges.ceiling(from);
        if (range == DeltaRanges.NONE) {
            return leaf;
        }
        return leaf < 0 ? ranges.first(range) : Math.min(leaf, ranges.first(range));
    }

    /** Returns the state of a range that covers all of the chunks, or -1. */
    int covering(long firstChunk, long chunks) {
        long range = ranges.at(firstChunk);
        return range != DeltaRanges.NONE && ranges.end(range) - firstChunk >= chunks ? ranges.state(range) : -1;
    }
}
