package io.holdfast.check;

import io.holdfast.btree.BTree;
import io.holdfast.btree.BTreeCursor;
import io.holdfast.checkpoint.VolumeState;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Item;
import io.holdfast.format.Layout;
import io.holdfast.format.Superblock;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.mapping.MapItems;
import io.holdfast.mapping.MapRoot;
import io.holdfast.mapping.MapWalk;
import io.holdfast.mapping.Mapping;
import io.holdfast.namespace.InodeRecord;
import io.holdfast.namespace.NamespaceCheck;
import io.holdfast.namespace.NamespaceKeys;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.Progress;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Checks a volume, also one in use: reads and verifies every node and every data block, compares the blocks that the trees
 * reach with the space map, and checks the items against each other.
 *
 * <p>The check goes through the volume in slices, each a part of the newest checkpoint when it begins. Blocks that the
 * checkpoint reaches are pinned while a slice reads them, and no longer. Writers may take that away: then the slice counts for
 * nothing and is read again. The order is: the metadata tree, all maps, the subtrees that were cut off and are not freed
 * yet, the space map. The check hears of each checkpoint which blocks came into the trees and left them
 * ({@link TouchedBlocks}). It compares the others: what points to such a block now has pointed there from the beginning. It has
 * passed by once, unless the block was cut off with its subtree meanwhile; then it is found among those.
 *
 * <p>The check takes any content and reports damage without throwing. Used by one thread, once. Memory: two bits for each
 * block of the groups in use, outside the heap, and the inodes' table.
 */
public final class VolumeCheck {
    private static final long NO_FILE = -1;
    private static final long DEAD = -2;
    /** Most blocks of one slice: 512 MiB, some 10 MiB of heap. The more, the closer they lie together on the device. */
    private static final int SLICE_MAX = 1 << 17;
    /** The first slice reads this part of the volume's blocks, so that what it pins is a small part. */
    private static final int SLICE_PART = 64;

    private static final int SLICE_MIN = 16;
    /** How often a slice is read again, each time half as long. */
    private static final int ATTEMPTS_MAX = 16;
    /** Cut-off subtrees that are looked up at once. */
    private static final int DEAD_TREES = 256;

    private final VolumeState volume;
    private final CheckSource source;
    private final Progress progress;
    private final Arena memory;
    private final int sliceBlocks;
    private final Layout layout;
    private final Findings findings = new Findings();
    private final BlockSet reachable;
    private final TouchedBlocks touched;
    private final List<String> unproven = new ArrayList<>();
    /** The inodes that have a map, ascending. */
    private final InodeList inodes = new InodeList();

    private NamespaceCheck.Counts files = new NamespaceCheck.Counts(0, 0);
    /** Inodes whose maps lost nodes: nobody knows how many blocks were below. */
    private final Set<Long> haveLost = new HashSet<>();

    /** Maps whose counts are not those of their items; subtrees that were cut off may be counted there. */
    private final Map<Long, MapCount> different = new HashMap<>();

    private final Map<Long, Long> deadBlocks = new HashMap<>();
    private final Map<Long, Long> deadUnwritten = new HashMap<>();
    private final Set<Long> unreadableDead = new HashSet<>();
    private long reached;
    private long unwritten;
    /** The check could not follow some pointer, so blocks may be in use without a known pointer to them. */
    private boolean incomplete;

    /** @param memory where the sets of blocks lie; closed when the check is done */
    public VolumeCheck(VolumeState volume, CheckSource source, Progress progress, Arena memory) {
        this.volume = volume;
        this.source = source;
        this.progress = progress;
        this.memory = memory;
        this.layout = source.superblock().layout();
        this.sliceBlocks =
                source.isFixed() ? SLICE_MAX : Math.clamp(layout.blocks() / SLICE_PART, SLICE_MIN, SLICE_MAX);
        this.reachable = new BlockSet(layout.blocks(), memory);
        this.touched = new TouchedBlocks(layout, memory);
    }

    /** Adds a finding of the caller. */
    public void add(String structure, long block, String message) {
        findings.add(structure, block, message);
    }

    DataCheck newDataCheck() {
        return dataCheck(findings);
    }

    private DataCheck dataCheck(Findings to) {
        return new DataCheck(volume.store(), volume.checksum(), volume.nodeBuffers(), to);
    }

    /** Returns whether the trees use a block; valid after {@link #run}. */
    boolean reaches(long block) {
        return reachable.contains(block);
    }

    /** Checks everything but the superblocks and the log. */
    public void run() {
        source.watch(touched);
        try {
            items();
            maps();
            deadTrees();
            compareMaps();
            spaceMap();
            if (touched.overflowed()) {
                unproven.add("space: there was no memory to note what writers change; check again with more --memory");
            }
        } finally {
            source.unwatch(touched);
            touched.end();
        }
    }

    private void spaceMap() {
        SpaceMapCheck space = new SpaceMapCheck(volume, source, findings, reachable, touched, incomplete, layout);
        try {
            space.run();
            compareCounts(space);
        } catch (HoldfastException e) {
            // A checkpoint waits for room on the host, and nobody knows for how long.
            unproven.add("the space map: " + e.getMessage());
        }
    }

    /** Returns everything that was found. */
    public CheckReport report() {
        return findings.report(files.files(), files.directories(), unproven);
    }

    // ---- slices ----

    /** Takes what a slice has seen, once it is known to be true. */
    private void commit(Slice slice) {
        incomplete |= slice.incomplete;
        findings.addAll(slice.findings);
        slice.forEach((block, inode) -> reach("map node", block, inode));
    }

    /** Counts a block that something points to, and reports one that cannot be, or is not the first time. */
    private void reach(String structure, long block, long inode) {
        if (block >= layout.blocks() && source.superblock().layout().isAllocatable(block)) {
            return; // The volume has grown.
        }
        if (!layout.isAllocatable(block)) {
            hides(
                    structure,
                    block,
                    Math.max(NO_FILE, inode),
                    "%s points to block %d, which cannot be".formatted(by(inode), block));
        } else if (reachable.add(block)) {
            reached++;
            progress.update(reached, source.superblock().allocatedBlocks());
        } else if (!touched.contains(block)) {
            hides(
                    structure,
                    block,
                    Math.max(NO_FILE, inode),
                    "block %d is used twice, once by %s".formatted(block, by(inode)));
        }
    }

    private static String by(long inode) {
        if (inode == DEAD) {
            return "a subtree being freed";
        }
        return inode == NO_FILE ? "the metadata tree" : "the map of inode " + inode;
    }

    private void hides(String structure, long block, long inode, String message) {
        findings.add(structure, block, inode, message);
        incomplete = true;
    }

    private boolean isKnown(long block) {
        return layout.isAllocatable(block) && reachable.contains(block) && !touched.contains(block);
    }

    // ---- the metadata tree ----

    /** Checks the metadata tree, in one slice: its items are compared with each other. */
    private void items() {
        for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
            Slice slice = newSlice(Integer.MAX_VALUE);
            NamespaceCheck namespace = new NamespaceCheck(
                    (structure, inode, message) -> slice.findings.add(structure, -1, inode, message));
            inodes.clear();
            haveLost.clear();
            boolean good;
            try (CheckSource.State state = source.take()) {
                BTree.walk(
                        volume.nodes()::readUncached, state.superblock().treeRoot(), new TreeVisitor(slice, namespace));
                good = state.isGood();
            }
            if (good) {
                incomplete |= slice.incomplete;
                slice.forEach((block, inode) -> reach(inode == NO_FILE ? "tree node" : "map node", block, inode));
                files = namespace.finish();
                findings.addAll(slice.findings);
                return;
            }
        }
        unproven("files and directories");
        inodes.clear();
    }

    /** Notes what could not be read in peace. */
    private void unproven(String what) {
        unproven.add(
                what + ": writers needed the space that the check would have kept; check again when there is more");
        incomplete = true;
    }

    private Slice newSlice(int max) {
        return new Slice(max, this::dataCheck);
    }

    private final class TreeVisitor implements BTree.Visitor {
        private final Slice slice;
        private final NamespaceCheck namespace;

        TreeVisitor(Slice slice, NamespaceCheck namespace) {
            this.slice = slice;
            this.namespace = namespace;
        }

        @Override
        public void node(BlockPointer pointer, int level) {
            slice.add(pointer.block(), NO_FILE);
            slice.findings.metadataBlocks++;
        }

        @Override
        public void item(Item item) {
            namespace.item(item);
            byte[] value = item.value();
            if (value == null) {
                return;
            }
            if (MapItems.isMapKey(item.key())) {
                inodes.add(MapItems.inodeOf(item.key()));
            } else if (MapItems.isLostKey(item.key())) {
                try {
                    lostNode(MapItems.decodeLost(item.key(), value));
                } catch (HoldfastException e) {
                    slice.hides("map node", -1, NO_FILE, String.valueOf(e.getMessage()));
                }
            }
        }

        /** Reports a node that a checkpoint could not read. It is allocated, and so is what was below it. */
        private void lostNode(MapItems.LostNode lost) {
            slice.add(lost.node().block(), lost.inode());
            slice.findings.metadataBlocks++;
            haveLost.add(lost.inode());
            slice.hides(
                    "map node",
                    lost.node().block(),
                    lost.inode(),
                    "the node of inode %d from offset %s on was lost: what it had is an error until it is written again"
                            .formatted(lost.inode(), Long.toUnsignedString(lost.firstBlock() * Block.SIZE)));
        }

        @Override
        public void problem(BlockPointer pointer, HoldfastException problem) {
            slice.hides("tree node", pointer.block(), NO_FILE, String.valueOf(problem.getMessage()));
        }
    }

    // ---- maps ----

    /**
     * Where a slice begins.
     *
     * @param index of the inode
     * @param count what was counted in its map, null if nothing was
     */
    private record Position(int index, @Nullable MapCount count) {}

    private void maps() {
        Position at = new Position(0, null);
        SliceLength length = new SliceLength(sliceBlocks, SLICE_MAX);
        int attempt = 0;
        while (at.index < inodes.size()) {
            Slice slice = newSlice(length.blocks());
            Position next;
            boolean good;
            try (CheckSource.State state = source.take()) {
                next = read(state.superblock(), at, slice);
                Inject.at(Point.CHECK_SLICE_WALKED);
                slice.data.finish();
                good = state.isGood();
            }
            if (good) {
                commit(slice);
                slice.ended.forEach(this::ended);
                at = next;
                length.wasRead();
                attempt = 0;
            } else if (++attempt < ATTEMPTS_MAX) {
                length.wasRevoked();
            } else {
                unproven("inode " + inodes.get(at.index));
                at = new Position(at.index + 1, null);
                attempt = 0;
            }
        }
    }

    /** Reads maps until the slice is full; returns where to go on. */
    private Position read(Superblock superblock, Position from, Slice slice) {
        int index = from.index;
        MapCount count = from.count;
        while (index < inodes.size() && !slice.isFull()) {
            count = read(superblock, inodes.get(index), count, slice);
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
            MapCount count = before == null ? MapCount.begin(inode, root) : before;
            FileWalk walk = new FileWalk(slice, inode, record(superblock, inode));
            long next = new MapWalk(volume.nodes()::readUncached, walk).walk(root, count.from());
            return new MapCount(
                    inode,
                    count.root(),
                    count.changed() || !count.root().equals(root),
                    next,
                    count.blocks() + walk.blocks,
                    count.unwritten() + walk.unwritten,
                    count.lost() + walk.lost,
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
        unwritten += count.unwritten();
        if (count.lost() > 0) {
            hides(
                    "map node",
                    -1,
                    count.inode(),
                    "inode %d has %d lost blocks: reading them is an error until they are written again"
                            .formatted(count.inode(), count.lost()));
        }
        boolean same =
                count.root().dataBlocks() == count.blocks() && count.root().unwrittenBlocks() == count.unwritten();
        if (!same && count.isComparable() && !haveLost.contains(count.inode())) {
            different.put(count.inode(), count);
        }
    }

    /** Compares the counts of maps once it is known what was cut off them. A map that changed meanwhile has no counts. */
    private void compareMaps() {
        for (MapCount count : different.values()) {
            long inode = count.inode();
            if (unreadableDead.contains(inode) || !hasRoot(count)) {
                continue;
            }
            compare(inode, "data", count.root().dataBlocks(), count.blocks() + deadBlocks.getOrDefault(inode, 0L));
            compare(
                    inode,
                    "unwritten",
                    count.root().unwrittenBlocks(),
                    count.unwritten() + deadUnwritten.getOrDefault(inode, 0L));
        }
    }

    private boolean hasRoot(MapCount count) {
        try {
            byte[] value = BTree.get(volume.nodes(), source.superblock().treeRoot(), MapItems.mapKey(count.inode()));
            return value != null && MapRoot.decode(value, count.inode()).equals(count.root());
        } catch (HoldfastException reported) {
            return false;
        }
    }

    private void compare(long inode, String what, long said, long found) {
        if (said != found) {
            findings.add(
                    "map node",
                    -1,
                    inode,
                    "map item of inode %d counts %d %s blocks, there are %d".formatted(inode, said, what, found));
        }
    }

    /** Goes through the map of a file; its data is verified. */
    private final class FileWalk extends Slice.Walk {
        private final Slice slice;
        private final @Nullable InodeRecord file;

        FileWalk(Slice slice, long inode, @Nullable InodeRecord file) {
            slice.super(inode);
            this.slice = slice;
            this.file = file;
        }

        @Override
        boolean isKnown(long block) {
            return !slice.nodes.add(block) || VolumeCheck.this.isKnown(block);
        }

        @Override
        public void data(long fileBlock, Mapping mapping) throws HoldfastException {
            super.data(fileBlock, mapping);
            if (!volume.layout().isAllocatable(mapping.block()) || VolumeCheck.this.isKnown(mapping.block())) {
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
            slice.data.block(inode, fileBlock, mapping);
        }
    }

    // ---- subtrees that were cut off ----

    /**
     * Goes through the subtrees that wait to be freed; their data does not matter any more. None is freed meanwhile, and none
     * changes. Those that are cut off meanwhile were seen with their maps.
     */
    private void deadTrees() {
        BlockSet nodes = new BlockSet(layout.blocks(), memory);
        CheckSource.State kept;
        try {
            kept = source.takeWithDeadTrees();
        } catch (HoldfastException e) {
            unproven.add("space that nothing uses: " + e.getMessage());
            incomplete = true;
            return;
        }
        try (CheckSource.State state = kept) {
            byte[] from = MapItems.firstDeadKey();
            while (from.length > 0) {
                List<MapItems.DeadTree> trees = new ArrayList<>();
                byte[] next = deadTrees(from, trees);
                for (MapItems.DeadTree tree : trees) {
                    if (!deadTree(tree, nodes, state)) {
                        return;
                    }
                }
                from = next;
            }
        }
    }

    /** Looks some cut-off subtrees up; returns the key where to go on, an empty one at the end. */
    private byte[] deadTrees(byte[] from, List<MapItems.DeadTree> trees) {
        try (CheckSource.State newest = source.take()) {
            BTreeCursor cursor =
                    BTree.cursor(volume.nodes(), newest.superblock().treeRoot(), from);
            Item item = cursor.next();
            while (item != null && MapItems.isDeadKey(item.key())) {
                if (trees.size() == DEAD_TREES) {
                    return item.key();
                }
                addDead(item, trees);
                item = cursor.next();
            }
        } catch (HoldfastException e) {
            hides("tree node", -1, NO_FILE, String.valueOf(e.getMessage()));
        }
        return new byte[0];
    }

    private void addDead(Item item, List<MapItems.DeadTree> trees) {
        byte[] value = item.value();
        try {
            if (value != null) {
                trees.add(MapItems.decodeDead(item.key(), value));
            }
        } catch (HoldfastException e) {
            hides("map node", -1, NO_FILE, String.valueOf(e.getMessage()));
        }
    }

    /** Returns false if subtrees are being freed again. */
    private boolean deadTree(MapItems.DeadTree tree, BlockSet nodes, CheckSource.State state) {
        long from = 0;
        while (from != MapWalk.END) {
            Slice slice = newSlice(sliceBlocks);
            Slice.Walk walk = deadWalk(slice, tree.inode(), nodes);
            try {
                from = new MapWalk(volume.nodes()::readUncached, walk).walk(tree.root(), tree.level(), from);
            } catch (HoldfastException e) {
                slice.hides("map node", tree.root().block(), tree.inode(), String.valueOf(e.getMessage()));
                from = MapWalk.END;
            }
            Inject.at(Point.CHECK_SLICE_WALKED);
            if (!state.isGood()) {
                unproven("space that nothing uses");
                return false;
            }
            incomplete |= slice.incomplete;
            findings.addAll(slice.findings);
            slice.forEach((block, inode) -> reachDead(block));
            deadBlocks.merge(tree.inode(), walk.blocks, Long::sum);
            deadUnwritten.merge(tree.inode(), walk.unwritten, Long::sum);
            unwritten += walk.unwritten;
            if (!walk.whole) {
                unreadableDead.add(tree.inode());
            }
        }
        return true;
    }

    /** Counts a block of a cut-off subtree, which may have been seen with its map. */
    private void reachDead(long block) {
        if (!touched.any()) {
            reach("map node", block, DEAD);
        } else if (layout.isAllocatable(block) && reachable.add(block)) {
            reached++;
        }
    }

    private Slice.Walk deadWalk(Slice slice, long inode, BlockSet nodes) {
        return slice.new Walk(inode) {
            @Override
            boolean isKnown(long block) {
                return !layout.isAllocatable(block) || !nodes.add(block);
            }
        };
    }

    // ---- counts ----

    private void compareCounts(SpaceMapCheck space) {
        if (!incomplete && !touched.any()) {
            Superblock superblock = source.superblock();
            if (!space.countsAgree()) {
                compareCount("allocated", superblock.allocatedBlocks(), reached);
            }
            compareCount("unwritten", superblock.unwrittenBlocks(), unwritten);
        }
    }

    private void compareCount(String what, long said, long found) {
        if (said != found) {
            findings.add("superblock", -1, "it counts %d %s blocks, there are %d".formatted(said, what, found));
        }
    }
}
