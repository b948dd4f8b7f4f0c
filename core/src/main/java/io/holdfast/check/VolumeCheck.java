package io.holdfast.check;

import io.holdfast.btree.BTree;
import io.holdfast.checkpoint.VolumeState;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Item;
import io.holdfast.format.Layout;
import io.holdfast.format.Superblock;
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
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Checks the state of one superblock: reads and verifies every node below it, compares the blocks they reach with the
 * space map, verifies every data block against its checksum, and checks the items against each other.
 *
 * <p>The caller pins the blocks that the trees reach, so that nothing overwrites them meanwhile. The check takes any
 * content and reports damage without throwing. Used by one thread, once. Memory: two bits for each block of the groups in
 * use, outside the heap, and the inodes' table.
 */
public final class VolumeCheck {
    private static final long NO_FILE = -1;

    private final VolumeState volume;
    private final Superblock superblock;
    private final Layout layout;
    private final Progress progress;
    private final Findings findings = new Findings();
    private final BlockSet reachable;
    private final SpaceMapCheck space;
    private final DataCheck data;
    private final NamespaceCheck namespace;
    /** The last record that was read, and its inode. */
    private @Nullable InodeRecord record;

    private long recordInode = -1;
    /** Data blocks below cut-off subtrees, by inode: the inode's map counts them until they are freed. */
    private final Map<Long, Long> deadBlocks = new HashMap<>();

    private final Map<Long, Long> deadUnwritten = new HashMap<>();

    private final Set<Long> unreadableDead = new HashSet<>();

    /** Inodes whose maps lost nodes: nobody knows how many blocks were below. */
    private final Set<Long> haveLost = new HashSet<>();

    private long reached;
    private long unwritten;
    /** The check could not follow some pointer, so blocks may be in use without a known pointer to them. */
    private boolean incomplete;

    /** @param memory where the sets of blocks lie; closed when the check is done */
    public VolumeCheck(VolumeState volume, Superblock superblock, Progress progress, Arena memory) {
        this.volume = volume;
        this.superblock = superblock;
        this.layout = superblock.layout();
        this.progress = progress;
        this.reachable = new BlockSet(superblock.blocks(), memory);
        this.space = new SpaceMapCheck(volume, superblock, findings, memory);
        this.data = new DataCheck(volume.store(), volume.checksum(), volume.nodeBuffers(), findings);
        this.namespace = new NamespaceCheck((structure, inode, message) -> findings.add(structure, -1, inode, message));
    }

    /** Adds a finding of the caller. */
    public void add(String structure, long block, String message) {
        findings.add(structure, block, message);
    }

    DataCheck data() {
        return data;
    }

    /** Returns whether the trees use a block; valid after {@link #trees}. */
    boolean reaches(long block) {
        return reachable.contains(block);
    }

    /** Reads the space map, whose fixed places the next checkpoint but one overwrites. */
    public void spaceMap() throws HoldfastException {
        space.read();
    }

    /** Checks everything that hangs below the root of the metadata tree. */
    public void trees() {
        BTree.walk(volume.nodes()::readUncached, superblock.treeRoot(), new TreeVisitor());
        data.finish();
    }

    /** Compares the findings of {@link #spaceMap} and {@link #trees}; called after both. */
    public CheckReport finish() {
        NamespaceCheck.Counts counts = namespace.finish();
        space.compare(reachable, incomplete);
        compareCounts();
        return findings.report(counts.files(), counts.directories());
    }

    /** Counts a block that something points to; returns false if that cannot be, or is not the first time. */
    private boolean reach(String structure, long block, long inode, String by) {
        if (!layout.isAllocatable(block)) {
            hides(structure, block, inode, "%s points to block %d, which cannot be".formatted(by, block));
            return false;
        }
        if (!reachable.add(block)) {
            hides(structure, block, inode, "block %d is used twice, once by %s".formatted(block, by));
            return false;
        }
        reached++;
        progress.update(reached, superblock.allocatedBlocks());
        return true;
    }

    /** Reports a fault that hides parts of the volume. */
    private void hides(String structure, long block, long inode, String message) {
        findings.add(structure, block, inode, message);
        incomplete = true;
    }

    private final class TreeVisitor implements BTree.Visitor {
        @Override
        public void node(BlockPointer pointer, int level) {
            reach("tree node", pointer.block(), NO_FILE, "the metadata tree");
            findings.metadataBlocks++;
        }

        @Override
        public void item(Item item) {
            byte[] value = item.value();
            namespace.item(item);
            if (value == null) {
                return;
            }
            boolean isMap = MapItems.isMapKey(item.key());
            try {
                if (isMap) {
                    map(MapItems.inodeOf(item.key()), value);
                } else if (MapItems.isDeadKey(item.key())) {
                    MapItems.DeadTree tree = MapItems.decodeDead(item.key(), value);
                    dead(tree);
                } else if (MapItems.isLostKey(item.key())) {
                    lostNode(MapItems.decodeLost(item.key(), value));
                } else {
                    noteRecord(item.key(), value);
                }
            } catch (HoldfastException e) {
                hides("map node", -1, isMap ? MapItems.inodeOf(item.key()) : NO_FILE, String.valueOf(e.getMessage()));
            }
        }

        /** Reports a node that a checkpoint could not read. It is allocated, and so is what was below it. They come before all maps. */
        private void lostNode(MapItems.LostNode lost) {
            reach("map node", lost.node().block(), lost.inode(), "a lost node of inode " + lost.inode());
            findings.metadataBlocks++;
            haveLost.add(lost.inode());
            hides(
                    "map node",
                    lost.node().block(),
                    lost.inode(),
                    "the node of inode %d from offset %s on was lost: what it had is an error until it is written again"
                            .formatted(lost.inode(), Long.toUnsignedString(lost.firstBlock() * Block.SIZE)));
        }

        /** Dead trees come before all maps. */
        private void dead(MapItems.DeadTree tree) throws HoldfastException {
            DeadVisitor visitor = new DeadVisitor(NO_FILE);
            new MapWalk(volume.nodes()::readUncached, visitor).walk(tree.root(), tree.level());
            deadBlocks.merge(tree.inode(), visitor.blocks, Long::sum);
            deadUnwritten.merge(tree.inode(), visitor.unwrittenBlocks, Long::sum);
            if (!visitor.whole) {
                unreadableDead.add(tree.inode());
            }
        }

        private void map(long inode, byte[] value) throws HoldfastException {
            MapRoot root = MapRoot.decode(value, inode);
            MapVisitor visitor = new MapVisitor(inode, inode == recordInode ? record : null);
            new MapWalk(volume.nodes()::readUncached, visitor).walk(root);
            long blocks = visitor.blocks + deadBlocks.getOrDefault(inode, 0L);
            long promised = visitor.unwrittenBlocks + deadUnwritten.getOrDefault(inode, 0L);
            if (visitor.lostBlocks > 0) {
                hides(
                        "map node",
                        -1,
                        inode,
                        "inode %d has %d lost blocks: reading them is an error until they are written again"
                                .formatted(inode, visitor.lostBlocks));
            }
            if (visitor.whole && !unreadableDead.contains(inode) && !haveLost.contains(inode)) {
                compare(inode, "data", root.dataBlocks(), blocks);
                compare(inode, "unwritten", root.unwrittenBlocks(), promised);
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

        /** Remembers a file's record; its map comes next. A file without a name has a map and no record. */
        private void noteRecord(byte[] key, byte[] value) {
            if (key.length != NamespaceKeys.inode(0).length) {
                return;
            }
            long inode = MapItems.inodeOf(key);
            if (Arrays.equals(key, NamespaceKeys.inode(inode))) {
                try {
                    recordInode = inode;
                    record = InodeRecord.decode(inode, value);
                } catch (HoldfastException reportedByTheNamespace) {
                    record = null;
                    // NamespaceCheck has reported it.
                }
            }
        }

        @Override
        public void problem(BlockPointer pointer, HoldfastException problem) {
            hides("tree node", pointer.block(), NO_FILE, String.valueOf(problem.getMessage()));
        }
    }

    /** Visits the map of a file; its data is verified. */
    private final class MapVisitor extends DeadVisitor {
        private final @Nullable InodeRecord file;

        MapVisitor(long inode, @Nullable InodeRecord file) {
            super(inode);
            this.file = file;
        }

        @Override
        public void data(long fileBlock, Mapping mapping) {
            blocks++;
            if (reach("map node", mapping.block(), inode, "the map of inode " + inode)) {
                if (!mapping.isChecksummed() && file != null && file.checksummed()) {
                    findings.add(
                            "map node",
                            mapping.block(),
                            inode,
                            "inode %d is checksummed, but block %d of it is not".formatted(inode, mapping.block()));
                }
                if (file != null && Long.compareUnsigned(fileBlock, file.blocks()) >= 0) {
                    findings.add(
                            "map node",
                            mapping.block(),
                            inode,
                            "block %d of inode %d holds data behind the end of the file".formatted(fileBlock, inode));
                }
                data.block(inode, fileBlock, mapping);
            }
        }
    }

    /** Visits a subtree that waits to be freed: its data does not matter any more. */
    private class DeadVisitor implements MapWalk.Visitor {
        /** The inode that the data belongs to, if any. */
        final long inode;

        boolean whole = true;
        long blocks;
        long unwrittenBlocks;
        long lostBlocks;

        DeadVisitor(long inode) {
            this.inode = inode;
        }

        @Override
        public boolean node(BlockPointer pointer) {
            boolean first = reach("map node", pointer.block(), inode, "a block map");
            whole &= first;
            findings.metadataBlocks += first ? 1 : 0;
            return first;
        }

        @Override
        public void data(long fileBlock, Mapping mapping) {
            blocks++;
            reach("map node", mapping.block(), inode, "a subtree being freed");
        }

        @Override
        public void unwritten(long fileBlock, long count) {
            unwritten += count;
            unwrittenBlocks += count;
        }

        @Override
        public void lost(long fileBlock, long count) {
            whole = false; // The item of the node that was lost has been reported, or is.
            incomplete = true;
            lostBlocks += count;
        }

        @Override
        public void problem(long block, HoldfastException why) {
            whole = false;
            hides("map node", block, inode, String.valueOf(why.getMessage()));
        }
    }

    private void compareCounts() {
        if (!incomplete) {
            if (!space.counts(superblock.allocatedBlocks())) {
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
