package io.holdfast.check;

import io.holdfast.background.Job;
import io.holdfast.btree.BTree;
import io.holdfast.btree.LostKeys;
import io.holdfast.checkpoint.LostRanges;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Item;
import io.holdfast.mapping.MapItems;
import io.holdfast.metadata.InodeMark;
import io.holdfast.namespace.NamespaceCheck;
import io.holdfast.namespace.NamespaceKeys;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Checks the metadata tree, in one slice: its items are compared with each other. Finds the inodes that have maps. Used by one
 * thread, once.
 */
final class ItemsCheck {
    /** How often the tree is read again. */
    private static final int ATTEMPTS_MAX = 16;
    /** So often the tree is read at the job's rate. */
    private static final int PACED_MAX = 2;

    private final CheckState check;
    private NamespaceCheck.Counts files = new NamespaceCheck.Counts(0, 0);

    ItemsCheck(CheckState check) {
        this.check = check;
    }

    NamespaceCheck.Counts files() {
        return files;
    }

    void run() {
        for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
            if (attempt < PACED_MAX ? check.work.unpaused(this::attempt) : hurried()) {
                return;
            }
        }
        check.unproven("files and directories");
        check.inodes.clear();
    }

    /** Does it without regard to clients: they take it away again and again if it is slow, and nothing else is checked without it. */
    private boolean hurried() {
        check.work.job().awaitTurn();
        try (Job.Move _ = check.work.job().hurry()) {
            return check.work.unpaused(this::attempt);
        }
    }

    private boolean attempt() {
        Slice slice = check.newSlice(Integer.MAX_VALUE);
        // In a later pass the items were compared before.
        NamespaceCheck namespace = check.isFirst()
                ? new NamespaceCheck((fault, structure, inode, message) ->
                        slice.findings.add(structure, -1, inode, message, new Fault.Items(fault)))
                : null;
        check.inodes.clear();
        check.lost.clear();
        try (CheckSource.State state = check.source.take()) {
            TreeVisitor visitor = new TreeVisitor(slice, namespace);
            BTree.walk(check.volume.nodes()::readUncached, state.superblock().treeRoot(), visitor);
            if (!state.isGood()) {
                return false;
            }
            if (namespace != null) {
                visitor.compareMark(state.superblock().inodesBelow());
            }
        }
        check.incomplete |= slice.incomplete;
        check.itemsWhole &= slice.itemsWhole;
        slice.forEach(
                (block, inode) -> check.reach(inode == CheckState.NO_FILE ? "tree node" : "map node", block, inode));
        if (namespace != null) {
            files = namespace.finish();
        }
        check.inPass.addAll(slice.findings);
        check.countLater(slice);
        return true;
    }

    private final class TreeVisitor implements BTree.Visitor {
        private final Slice slice;
        private final @Nullable NamespaceCheck namespace;
        private long lastInode;
        private long mark;

        TreeVisitor(Slice slice, @Nullable NamespaceCheck namespace) {
            this.slice = slice;
            this.namespace = namespace;
        }

        @Override
        public void node(BlockPointer pointer, int level) {
            slice.add(pointer.block(), CheckState.NO_FILE);
            slice.findings.metadataBlocks++;
        }

        @Override
        public void oneOfTwo(BlockPointer pointer, HoldfastException why) {
            slice.findings.add(
                    "tree node",
                    pointer.block(),
                    CheckState.NO_FILE,
                    why.getMessage()
                            + "; it is the root of the metadata tree, and the other of its two copies is whole, and has all",
                    new Fault.RootCopy());
        }

        @Override
        public void item(Item item) {
            if (namespace != null) {
                namespace.item(item);
            }
            lastInode = NamespaceKeys.hasInode(item.key()) ? NamespaceKeys.inodeOf(item.key()) : lastInode;
            byte[] value = item.value();
            if (value == null) {
                return;
            }
            if (Arrays.equals(item.key(), InodeMark.key())) {
                mark = InodeMark.decode(value);
            }
            if (MapItems.isMapKey(item.key())) {
                check.inodes.add(MapItems.inodeOf(item.key()));
                check.lost.map(MapItems.inodeOf(item.key()));
            } else if (MapItems.isLostKey(item.key())) {
                try {
                    lostNode(MapItems.decodeLost(item.key(), value));
                } catch (HoldfastException e) {
                    slice.hides("map node", -1, CheckState.NO_FILE, String.valueOf(e.getMessage()));
                }
            }
        }

        /** Compares what the superblock says of the numbers of inodes: no lookup reads behind that. */
        void compareMark(long below) {
            if (below != 0 && Long.compareUnsigned(lastInode, below) >= 0) {
                addMark("it says that all inode numbers are below %d, and there is inode %s"
                        .formatted(below, Long.toUnsignedString(lastInode)));
            } else if (below != 0 && mark > 0 && mark != below) {
                addMark("it says that all inode numbers are below %d, and the high-water mark is %d"
                        .formatted(below, mark));
            }
        }

        private void addMark(String message) {
            slice.findings.add("superblock", -1, CheckState.NO_FILE, message, new Fault.Mark());
        }

        /** Takes note of a node that a checkpoint could not read; {@link LostNodesCheck} reports it. */
        private void lostNode(MapItems.LostNode lost) {
            if (!check.layout.isAllocatable(lost.node().block())) {
                slice.hides(
                        "map node",
                        lost.node().block(),
                        lost.inode(),
                        "the item of a lost node of inode %d names block %d, which cannot be"
                                .formatted(lost.inode(), lost.node().block()),
                        new Fault.LostNowhere(lost));
                return;
            }
            check.lost.add(lost);
        }

        @Override
        public void lost(LostKeys lost, @Nullable HoldfastException why) {
            slice.itemsWhole = false;
            slice.hides(
                    "tree node",
                    lost.node().block(),
                    CheckState.NO_FILE,
                    why == null
                            ? "it was lost and can be read again: the volume has what is there when it is opened for writing the next time"
                            : LostRanges.text(lost) + ": " + why.getMessage());
        }

        @Override
        public void problem(BlockPointer pointer, HoldfastException problem) {
            slice.hides("tree node", pointer.block(), CheckState.NO_FILE, String.valueOf(problem.getMessage()));
            slice.itemsWhole = false;
        }
    }
}
