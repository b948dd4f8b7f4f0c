package io.holdfast.check;

import io.holdfast.btree.BTree;
import io.holdfast.checkpoint.VolumeState;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.MapEntry;
import io.holdfast.format.Superblock;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.mapping.MapItems;
import io.holdfast.mapping.MapRoot;
import io.holdfast.mapping.MapWalk;
import io.holdfast.mapping.Mapping;
import io.holdfast.namespace.InodeRecord;
import io.holdfast.namespace.NamespaceKeys;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Goes through the maps of all files, slice by slice, and verifies their data. Used by one thread, once.
 */
final class MapsCheck {
    /** Most blocks of one slice: some 2 MiB of heap. */
    static final int SLICE_MAX = 1 << 17;
    /** The first slice reads this part of the volume's blocks, so that what it pins is a small part. */
    private static final int SLICE_PART = 64;

    private static final int SLICE_MIN = 16;
    /** A slice takes no longer than about this at the rate of the job, even if each block has a node of its own. */
    private static final long SLICE_NANOS = 10_000_000_000L;

    /** How often a slice is read again, each time half as long. */
    private static final int ATTEMPTS_MAX = 16;
    /** So much of a file is left out at first when a slice could not be read in peace: a leaf of its map. */
    private static final long SKIP_MIN = MapEntry.FANOUT;

    /** So many blocks a map has at most. */
    private static final long SPAN_MAX = 1L << MapEntry.spanLog2(MapEntry.LEVELS_MAX);

    private final CheckState check;
    private final VolumeState volume;
    /** Maps whose counts are not those of their items; subtrees that were cut off may be counted there. */
    private final Map<Long, MapCount> different = new HashMap<>();
    /** The inode whose map was read last, and how many blocks that map spans. */
    private long spanOf;

    private long span;

    /** What items should count that count wrongly. */
    private final NavigableMap<Long, CheckedVolume.MapCounts> counts = new TreeMap<>();

    MapsCheck(CheckState check) {
        this.check = check;
        this.volume = check.volume;
    }

    /**
     * Where a slice begins.
     *
     * @param index of the inode
     * @param count what was counted in its map, null if nothing was
     */
    private record Position(int index, @Nullable MapCount count) {}

    void run() {
        int first = check.source.isFixed()
                ? SLICE_MAX
                : Math.clamp(check.layout.blocks() / SLICE_PART, SLICE_MIN, SLICE_MAX);
        Position at = new Position(0, null);
        SliceLength length = new SliceLength(first, SLICE_MAX);
        Skipped skipped = new Skipped();
        int attempt = 0;
        while (at.index < check.inodes.size() && !check.isEndless) {
            Position from = at;
            length.limit(Math.max(SLICE_MIN, check.work.job().bytesWithin(SLICE_NANOS) / Block.SIZE));
            if (isDataFull()) {
                check.data.startReading();
            }
            boolean alone = attempt > 0;
            Part part = check.work.unpaused(() -> read(from, length.blocks(), alone));
            if (part.good) {
                check.commit(part.slice);
                part.slice.ended.forEach(this::ended);
                skipped.report();
                at = part.next;
                length.wasRead();
                attempt = 0;
            } else if (++attempt < ATTEMPTS_MAX) {
                length.wasRevoked();
            } else {
                at = skipped.add(at);
                attempt = 0;
            }
        }
        check.data.finish();
        skipped.report();
    }

    /**
     * A part of a file that writers have taken away again and again. The check goes on behind it: first behind a leaf of the map, then,
     * as long as it is no better there, behind twice as much each time.
     */
    private final class Skipped {
        private long inode;
        private long first;
        private long end;
        private long next = SKIP_MIN;

        /** Leaves out what comes at a position; returns where to go on. */
        Position add(Position at) {
            MapCount before = at.count;
            long from = before == null ? 0 : before.from();
            long of = check.inodes.get(at.index);
            if (end == 0 || of != inode || from != end) {
                report();
                inode = of;
                first = from;
            }
            long behind = (from & -SKIP_MIN) + next;
            end = behind;
            next = Math.min(next * 2, SPAN_MAX);
            if (behind >= (of == spanOf ? span : SPAN_MAX)) {
                end = MapWalk.END;
                return new Position(at.index + 1, null);
            }
            MapCount count = before == null ? MapCount.begin(of, MapRoot.EMPTY) : before;
            return new Position(at.index, count.behind(behind));
        }

        /** Says what was left out. */
        void report() {
            if (end != 0) {
                String from = Long.toUnsignedString(first * Block.SIZE);
                String to = end == MapWalk.END ? "its end" : "offset " + Long.toUnsignedString(end * Block.SIZE);
                String which = first == 0 && end == MapWalk.END ? "" : " from offset " + from + " to " + to;
                check.unproven("inode " + inode + which);
            }
            end = 0;
            next = SKIP_MIN;
        }
    }

    /** Returns whether no more data blocks can be gathered before those that were are read. */
    private boolean isDataFull() {
        return check.readsData() && check.data.isFull();
    }

    /**
     * A slice that was read.
     *
     * @param good whether nothing of it was overwritten meanwhile
     */
    private record Part(Slice slice, Position next, boolean good) {}

    /** @param alone end with the file, so that what is taken away again is known to be in it */
    private Part read(Position from, int blocks, boolean alone) {
        Slice slice = check.newSlice(blocks);
        DataBatch.Mark gathered = check.data.mark();
        boolean good = false;
        try (CheckSource.State state = check.source.take()) {
            Position next = read(state.superblock(), from, slice, alone);
            Inject.at(Point.CHECK_SLICE_WALKED);
            good = state.isGood();
            return new Part(slice, next, good);
        } finally {
            if (!good) {
                check.data.truncate(gathered);
            }
        }
    }

    /** Reads maps until the slice or the batch of data is full, or one map to its end; returns where to go on. */
    private Position read(Superblock superblock, Position from, Slice slice, boolean alone) {
        int index = from.index;
        MapCount count = from.count;
        int end = alone ? from.index + 1 : check.inodes.size();
        while (index < end && !slice.isFull() && !isDataFull()) {
            count = read(superblock, check.inodes.get(index), count, slice);
            if (count == null || count.from() == MapWalk.END) {
                if (count != null) {
                    slice.ended.add(count);
                }
                index++;
                count = null;
            }
        }
        return new Position(index, count);
    }

    /** Reads a piece of a map; returns what is counted now, null if there is no map that can be read. */
    private @Nullable MapCount read(Superblock superblock, long inode, @Nullable MapCount before, Slice slice) {
        try {
            byte[] value = BTree.get(volume.nodes(), superblock.treeRoot(), MapItems.mapKey(inode));
            if (value == null) {
                return null; // The file was removed while the check ran.
            }
            MapRoot root = MapRoot.decode(value, inode);
            spanOf = inode;
            span = root.span();
            MapCount count = before == null ? MapCount.begin(inode, root) : before;
            FileWalk walk = new FileWalk(slice, inode, record(superblock, inode));
            long next = check.walk(walk).walk(root, count.from());
            return new MapCount(
                    inode,
                    count.root(),
                    count.changed() || !count.root().equals(root),
                    next,
                    count.blocks() + walk.blocks,
                    count.unwritten() + walk.unwritten,
                    count.lost() + walk.lost,
                    count.lostBehind() + walk.lostBehind,
                    count.whole() && walk.whole);
        } catch (HoldfastException e) {
            slice.hides("map node", -1, inode, String.valueOf(e.getMessage()));
            return null;
        }
    }

    /** Returns a file's record; null if it has none, or a damaged one, which the check of the names reports. */
    private @Nullable InodeRecord record(Superblock superblock, long inode) throws HoldfastException {
        byte[] value = BTree.get(volume.nodes(), superblock.treeRoot(), NamespaceKeys.inode(inode));
        try {
            return value == null ? null : InodeRecord.decode(inode, value);
        } catch (HoldfastException reported) {
            return null;
        }
    }

    private void ended(MapCount count) {
        check.unwritten += check.isFirst() ? count.unwritten() : 0;
        if (count.lost() > 0) {
            check.hides(
                    "map node",
                    -1,
                    count.inode(),
                    "inode %d has %d lost blocks: reading them is an error until they are written again"
                            .formatted(count.inode(), count.lost()),
                    new Fault.LostBlocks(count.inode()));
        }
        if (count.lostBehind() > 0) {
            check.inPass.add(
                    "map node",
                    -1,
                    count.inode(),
                    "inode %d has %s behind its end: no data is lost by that, and a repair makes holes of them"
                            .formatted(count.inode(), count.lostBehind() == 1 ? "a lost block" : "lost blocks"),
                    new Fault.LostBehindEnd(count.inode()));
        }
        boolean same =
                count.root().dataBlocks() == count.blocks() && count.root().unwrittenBlocks() == count.unwritten();
        if (count.lost() == 0 && count.whole()) {
            check.lost.settle(count.inode());
        }
        if (!same && count.isComparable()) {
            different.put(count.inode(), count);
        }
    }

    /** Compares the counts of maps once it is known what was cut off them. A map that changed meanwhile has no counts. */
    void compare(DeadTreesCheck dead) {
        for (MapCount count : different.values()) {
            long inode = count.inode();
            if (dead.isUnreadable(inode) || !isAsItWas(count)) {
                continue;
            }
            CheckedVolume.MapCounts found = new CheckedVolume.MapCounts(
                    count.blocks() + dead.blocks(inode), count.unwritten() + dead.unwritten(inode), count.root());
            if (!check.lost.has(inode)) {
                compare(inode, "data", count.root().dataBlocks(), found.data());
                compare(inode, "unwritten", count.root().unwrittenBlocks(), found.unwritten());
                counts.put(inode, found);
            } else if (!check.incomplete) {
                // It counts what is below the node that was lost, as it should until a repair gives that up.
                counts.put(inode, found);
            }
        }
    }

    /** Returns what the maps should count whose items count wrongly. */
    NavigableMap<Long, CheckedVolume.MapCounts> counts() {
        return counts;
    }

    /** Returns whether a map still has the root that was counted. */
    private boolean isAsItWas(MapCount count) {
        if (check.source.isFixed()) {
            return true;
        }
        for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
            Optional<Boolean> known = check.work.unpaused(() -> hasRoot(count));
            if (known.isPresent()) {
                return known.get();
            }
        }
        check.unproven("what inode %d counts".formatted(count.inode()));
        return false;
    }

    /** Returns whether the newest state has the root that was counted; empty if what was read may have been overwritten meanwhile. */
    private Optional<Boolean> hasRoot(MapCount count) {
        try (CheckSource.State newest = check.source.take()) {
            boolean same = false;
            String problem = "";
            try {
                byte[] value =
                        BTree.get(volume.nodes(), newest.superblock().treeRoot(), MapItems.mapKey(count.inode()));
                same = value != null && MapRoot.decode(value, count.inode()).equals(count.root());
            } catch (HoldfastException e) {
                problem = "whether inode %d counts right is not known: %s".formatted(count.inode(), e.getMessage());
            }
            if (!newest.isGood()) {
                return Optional.empty();
            }
            if (!problem.isEmpty()) {
                check.findings.add("tree node", -1, count.inode(), problem);
            }
            return Optional.of(same);
        }
    }

    private void compare(long inode, String what, long said, long found) {
        if (said != found) {
            check.findings.add(
                    "map node",
                    -1,
                    inode,
                    "map item of inode %d counts %d %s blocks, there are %d".formatted(inode, said, what, found),
                    new Fault.MapCounts(inode));
        }
    }

    /** Goes through the map of a file; its data is verified. */
    private final class FileWalk extends Slice.Walk {
        private final Slice slice;
        private final @Nullable InodeRecord file;
        private long lostBehind;

        FileWalk(Slice slice, long inode, @Nullable InodeRecord file) {
            slice.super(inode);
            this.slice = slice;
            this.file = file;
        }

        @Override
        public void lost(long fileBlock, long count) {
            long behind = file == null ? 0 : Math.clamp(fileBlock + count - file.blocks(), 0, count);
            lostBehind += behind;
            if (behind < count) {
                super.lost(fileBlock, count - behind);
            }
        }

        @Override
        public boolean isFull() {
            return super.isFull() || isDataFull();
        }

        @Override
        public long room() {
            return check.readsData() ? Math.clamp(check.data.room(), 0, super.room()) : super.room();
        }

        @Override
        boolean isKnown(long block) {
            return !slice.nodes.add(block) || check.isKnown(block);
        }

        @Override
        public void data(long fileBlock, Mapping mapping) throws HoldfastException {
            super.data(fileBlock, mapping);
            if (!volume.layout().isAllocatable(mapping.block()) || check.isKnown(mapping.block())) {
                return; // It is reported when the slice is done.
            }
            if (!mapping.isChecksummed() && file != null && file.checksummed()) {
                slice.findings.add(
                        "map node",
                        mapping.block(),
                        inode,
                        "inode %d is checksummed, but block %d of it is not".formatted(inode, mapping.block()));
            }
            if (file != null && Long.compareUnsigned(fileBlock, file.blocks()) >= 0) {
                slice.findings.add(
                        "map node",
                        mapping.block(),
                        inode,
                        "block %d of inode %d holds data behind the end of the file".formatted(fileBlock, inode));
            }
            if (check.readsData()) {
                check.data.block(inode, fileBlock, mapping);
            }
        }
    }
}
