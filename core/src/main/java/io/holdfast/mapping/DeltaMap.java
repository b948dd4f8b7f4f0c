package io.holdfast.mapping;

import io.holdfast.format.MapEntry;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The changes of one file's map since a checkpoint, as the log carries them. Not thread-safe; {@link BlockMap} guards
 * it.
 *
 * <p>Invariants: a chunk (256 blocks) lies in a range or has a leaf or neither, never both; ranges are whole chunks and
 * do not overlap. {@link #unwritten()} counts the blocks that the changes make unwritten. Applying the changes writes
 * at most {@link #nodes()} tree nodes.
 */
public final class DeltaMap {
    private static final int CHUNK_LOG2 = MapEntry.FANOUT_LOG2;
    private static final int CHUNK = MapEntry.FANOUT;
    /** Heap bytes of an entry, for budgets: arrays grow by doubling, and it has a part of a leaf. */
    private static final int ENTRY_BYTES = 34;

    private static final int LEAF_BYTES = 200;

    private final TreeMap<Long, DeltaLeaf> leaves = new TreeMap<>();
    private final TreeMap<Long, Range> ranges = new TreeMap<>();
    private final int levelsMin;
    private long unwritten;
    private long nodes;
    private long entries;
    private long dataBlocks;
    private boolean dropped;

    /** A run of whole chunks in one state; {@code end} is exclusive. */
    private record Range(long end, int state) {}

    /** @param levelsMin levels of the tree to which the changes will be applied */
    public DeltaMap(int levelsMin) {
        this.levelsMin = levelsMin;
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

    /** Returns roughly how much heap the changes take. */
    public long heapBytes() {
        return entries * ENTRY_BYTES + (leaves.size() + ranges.size()) * (long) LEAF_BYTES;
    }

    /** Returns whether the file is gone, and with it everything below these changes. */
    public boolean dropped() {
        return dropped;
    }

    /** Returns an upper bound of the last block that the changes make other than a hole, or -1. */
    public long lastUsedBlock() {
        long last = leaves.isEmpty() ? -1 : ((leaves.lastKey() + 1) << CHUNK_LOG2) - 1;
        for (Map.Entry<Long, Range> range : ranges.descendingMap().entrySet()) {
            if (range.getValue().state() != MapEntry.HOLE) {
                return Math.max(last, (range.getValue().end() << CHUNK_LOG2) - 1);
            }
        }
        return last;
    }

    /** Returns the word of a block, -1 if the changes have none. */
    public long word(long block) {
        DeltaLeaf leaf = leaves.get(block >>> CHUNK_LOG2);
        if (leaf != null) {
            int position = leaf.find((int) (block & (CHUNK - 1)));
            return position >= 0 ? leaf.wordAt(position) : baseWord(leaf.base());
        }
        Range range = rangeAt(block >>> CHUNK_LOG2);
        return range == null ? -1 : MapEntry.word(range.state(), 0);
    }

    /** Returns the checksum of a block for which {@link #word} returned data. */
    public long checksum(long block) {
        DeltaLeaf leaf = leaves.get(block >>> CHUNK_LOG2);
        if (leaf == null) {
            throw new IllegalStateException("no entry for block " + block);
        }
        return leaf.checksumAt(leaf.find((int) (block & (CHUNK - 1))));
    }

    /** Fills in the unknown blocks of a run, which begins at block {@code first}, as far as these changes know them. */
    void tell(long first, MappingRun run) {
        int i = run.nextUnknown(0);
        while (i < run.count()) {
            long chunk = (first + i) >>> CHUNK_LOG2;
            int end = (int) Math.min(run.count(), ((chunk + 1) << CHUNK_LOG2) - first);
            DeltaLeaf leaf = leaves.get(chunk);
            Range range = leaf == null ? rangeAt(chunk) : null;
            for (; i < end; i = run.nextUnknown(i + 1)) {
                if (leaf != null) {
                    leaf.tell((int) ((first + i) & (CHUNK - 1)), run, i);
                } else if (range != null) {
                    run.set(i, MapEntry.word(range.state(), 0), 0);
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
            return new MapExtent(baseWord(leaf.base()), next - slot);
        }
        Range range = rangeAt(chunk);
        if (range != null) {
            return new MapExtent(MapEntry.word(range.state(), 0), (range.end() << CHUNK_LOG2) - block);
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
            DeltaLeaf leaf = leafFor((block + done) >>> CHUNK_LOG2);
            int slot = (int) ((block + done) & (CHUNK - 1));
            int n = Math.min(count - done, CHUNK - slot);
            if (leaf.insertRun(slot, n, MapEntry.word(state, at + done), checksums, from + done)) {
                entries += n;
                dataBlocks += n;
                unwritten -= leaf.base() == MapEntry.UNWRITTEN ? n : 0;
            } else {
                for (int i = done; i < done + n; i++) {
                    put(leaf, block + i, MapEntry.word(state, at + i), checksums[from + i], superseded);
                }
            }
            done += n;
        }
    }

    private DeltaLeaf leafFor(long chunk) {
        DeltaLeaf leaf = leaves.get(chunk);
        return leaf == null ? createLeaf(chunk) : leaf;
    }

    private void put(DeltaLeaf leaf, long block, long word, long checksum, LongConsumer superseded) {
        int before = leaf.size();
        long old = leaf.put((int) (block & (CHUNK - 1)), word, checksum);
        entries += leaf.size() - before;
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
        ranges.put(firstChunk, new Range(endChunk, state));
        if (state == MapEntry.UNWRITTEN) {
            unwritten += (endChunk - firstChunk) << CHUNK_LOG2;
        }
        nodes += 2L * MapEntry.LEVELS_MAX;
        putSingly(endChunk << CHUNK_LOG2, end, state, superseded);
    }

    /** Forgets everything: the file is gone. */
    public void drop(LongConsumer superseded) {
        removeChunks(0, Long.MAX_VALUE, superseded);
        dropped = true;
        nodes = 0;
    }

    private void putSingly(long first, long end, int state, LongConsumer superseded) {
        for (long block = first; block < end; block++) {
            put(block, MapEntry.word(state, 0), 0, superseded);
        }
    }

    private DeltaLeaf createLeaf(long chunk) {
        int base = DeltaLeaf.FALL_THROUGH;
        Range range = rangeAt(chunk);
        if (range != null) {
            base = range.state();
            cut(chunk, chunk + 1);
        }
        nodes += newNodes(chunk);
        DeltaLeaf leaf = new DeltaLeaf(base);
        leaves.put(chunk, leaf);
        return leaf;
    }

    /**
     * Counts the nodes on a chunk's path that are on no other leaf's path: those below the lowest node that it shares
     * with its nearest neighbour. The sum over all leaves is exact for a tree of {@code levelsMin} levels.
     */
    private long newNodes(long chunk) {
        Long lower = leaves.lowerKey(chunk);
        Long higher = leaves.higherKey(chunk);
        int own = Math.max(levelsMin, levelsFor(chunk << CHUNK_LOG2));
        int apart = own;
        if (lower != null) {
            apart = Math.min(apart, levelsApart(lower, chunk));
        }
        if (higher != null) {
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
        for (DeltaLeaf leaf : leaves.subMap(from, to).values()) {
            entries -= leaf.size();
            unwritten -= leaf.base() == MapEntry.UNWRITTEN ? CHUNK : 0;
            for (int i = 0; i < leaf.size(); i++) {
                long word = leaf.wordAt(i);
                if (MapEntry.isData(word)) {
                    superseded.accept(MapEntry.block(word));
                    dataBlocks--;
                }
                boolean was = leaf.base() == MapEntry.UNWRITTEN;
                boolean is = MapEntry.state(word) == MapEntry.UNWRITTEN;
                unwritten += (was ? 1 : 0) - (is ? 1 : 0);
            }
        }
        leaves.subMap(from, to).clear();
        for (Map.Entry<Long, Range> overlap : ranges.subMap(from, to).entrySet()) {
            countOut(overlap.getKey(), Math.min(overlap.getValue().end(), to), overlap.getValue());
        }
        Map.Entry<Long, Range> before = ranges.lowerEntry(from);
        if (before != null && before.getValue().end() > from) {
            countOut(from, Math.min(before.getValue().end(), to), before.getValue());
        }
        cut(from, to);
    }

    private void countOut(long from, long to, Range range) {
        if (range.state() == MapEntry.UNWRITTEN) {
            unwritten -= (to - from) << CHUNK_LOG2;
        }
    }

    /** Takes chunks out of the ranges. */
    private void cut(long from, long to) {
        Map.Entry<Long, Range> before = ranges.lowerEntry(from);
        if (before != null && before.getValue().end() > from) {
            Range range = before.getValue();
            ranges.put(before.getKey(), new Range(from, range.state()));
            if (range.end() > to) {
                ranges.put(to, new Range(range.end(), range.state()));
            }
        }
        while (true) {
            Map.Entry<Long, Range> inside = ranges.ceilingEntry(from);
            if (inside == null || inside.getKey() >= to) {
                return;
            }
            ranges.remove(inside.getKey());
            if (inside.getValue().end() > to) {
                ranges.put(to, inside.getValue());
            }
        }
    }

    private @Nullable Range rangeAt(long chunk) {
        Map.Entry<Long, Range> entry = ranges.floorEntry(chunk);
        return entry != null && entry.getValue().end() > chunk ? entry.getValue() : null;
    }

    private static long baseWord(int base) {
        return base == DeltaLeaf.FALL_THROUGH ? -1 : MapEntry.word(base, 0);
    }

    // ---- for applying the changes to the tree ----

    @Nullable
    DeltaLeaf leaf(long chunk) {
        return leaves.get(chunk);
    }

    /** Returns the first chunk at or after {@code from} that has a leaf or lies in a range, or -1. */
    long nextTouched(long from) {
        if (rangeAt(from) != null) {
            return from;
        }
        Long leaf = leaves.ceilingKey(from);
        Long range = ranges.ceilingKey(from);
        if (leaf == null) {
            return range == null ? -1 : range;
        }
        return range == null ? leaf : Math.min(leaf, range);
    }

    /** Returns the state of a range that covers all of the chunks, or -1. */
    int covering(long firstChunk, long chunks) {
        Range range = rangeAt(firstChunk);
        return range != null && range.end() - firstChunk >= chunks ? range.state() : -1;
    }
}
