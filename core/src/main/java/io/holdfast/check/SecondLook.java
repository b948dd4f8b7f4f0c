package io.holdfast.check;

import io.holdfast.btree.BTree;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.Superblock;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.mapping.MapItems;
import io.holdfast.mapping.MapRoot;
import io.holdfast.mapping.MapTree;
import io.holdfast.mapping.Mapping;
import io.holdfast.store.Answer;
import io.holdfast.store.BlockStore;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Looks again at data blocks that were bad when nothing kept them from being used again. A block that its file still has in the newest
 * checkpoint is pinned and read once more, and is reported if it is bad; any other was overwritten, and does not matter. Used by
 * one thread.
 */
final class SecondLook {
    private static final int BLOCKS_MIN = 16;
    private static final int BLOCKS_MAX = 1 << 12;
    /** How often a part is looked at again, each time half as long. */
    private static final int ATTEMPTS_MAX = 16;
    /** A part takes no longer than about this at the rate of the job. */
    private static final long PART_NANOS = 5_000_000_000L;
    /** Most bytes that are read for one block: itself and nodes on the way. */
    private static final long BYTES_EACH = 4 * Block.SIZE;

    private final CheckState check;

    SecondLook(CheckState check) {
        this.check = check;
    }

    /** @param doubtful indexes of blocks in the batch, ascending, so in the order of inodes and of blocks in each */
    void look(DataBatch batch, int[] doubtful) {
        SliceLength length = new SliceLength(BLOCKS_MIN * 4, BLOCKS_MAX);
        int attempt = 0;
        for (int at = 0; at < doubtful.length; ) {
            int from = at;
            length.limit(Math.max(BLOCKS_MIN, check.work.job().bytesWithin(PART_NANOS) / BYTES_EACH));
            int to = Math.min(doubtful.length, from + length.blocks());
            Slice seen = check.work.unpaused(() -> new Part(batch).look(doubtful, from, to));
            if (seen != null) {
                check.commit(seen);
                at = to;
                attempt = 0;
                length.wasRead();
            } else if (++attempt < ATTEMPTS_MAX) {
                length.wasRevoked();
            } else {
                check.unproven("data of inode " + batch.inode(doubtful[from]));
                at = to;
                attempt = 0;
            }
        }
    }

    /** Some of the blocks, looked at in one state of the volume. */
    private final class Part {
        private final DataBatch batch;
        private final Slice slice = check.newSlice(BLOCKS_MAX);
        private long inode = CheckState.NO_FILE;
        /** Null if there is no map that can be read. */
        private @Nullable MapRoot root;

        Part(DataBatch batch) {
            this.batch = batch;
        }

        /** Returns what was found; null if what was read may have been overwritten meanwhile. */
        @Nullable
        Slice look(int[] doubtful, int from, int to) {
            MemorySegment memory = check.volume.nodeBuffers().takeMemory();
            try (CheckSource.State state = check.source.take()) {
                for (int i = from; i < to; i++) {
                    look(doubtful[i], state.superblock(), memory.asSlice(0, Block.SIZE));
                }
                return state.isGood() ? slice : null;
            } finally {
                check.volume.nodeBuffers().giveBackMemory(memory);
            }
        }

        private void look(int index, Superblock superblock, MemorySegment memory) {
            Mapping mapping = batch.mapping(index);
            try {
                if (!isStillThere(index, mapping, superblock)) {
                    return;
                }
            } catch (HoldfastException e) {
                slice.hides("map node", -1, batch.inode(index), String.valueOf(e.getMessage()));
                return;
            }
            Answer answer = check.volume
                    .store()
                    .read(
                            BlockStore.Kind.DATA,
                            mapping.block(),
                            memory,
                            (at, read, offset) -> !mapping.isChecksummed()
                                    || check.volume.checksum().of(read, offset, Block.SIZE) == mapping.checksum());
            HoldfastException error = answer.error(0);
            if (error != null) {
                report(index, mapping, String.valueOf(error.getMessage()));
            } else if (!answer.isGood()) {
                report(index, mapping, "it does not match its checksum");
            } else if (mapping.isChecksummed()) {
                slice.findings.blocksVerified++;
            } else {
                slice.findings.blocksUnverified++;
            }
        }

        /** Returns whether the file has the block in the newest checkpoint. Where nothing changes, it has. */
        private boolean isStillThere(int index, Mapping mapping, Superblock superblock) throws HoldfastException {
            if (check.source.isFixed() || Inject.off(Guard.CHECK_LOOKS_AGAIN)) {
                return true;
            }
            if (batch.inode(index) != inode) {
                inode = batch.inode(index);
                root = null; // Unless it can be read.
                byte[] value = BTree.get(check.volume.nodes(), superblock.treeRoot(), MapItems.mapKey(inode));
                root = value == null ? null : MapRoot.decode(value, inode);
            }
            MapRoot known = root;
            if (known == null) {
                return false; // The file was removed; or that its map cannot be read has been reported.
            }
            boolean[] same = new boolean[1];
            MapTree.lookup(
                    check.volume.nodes(),
                    known,
                    batch.fileBlock(index),
                    (word, checksum) -> same[0] = word == mapping.word() && checksum == mapping.checksum());
            return same[0];
        }

        private void report(int index, Mapping mapping, String why) {
            slice.findings.add(
                    "data",
                    mapping.block(),
                    batch.inode(index),
                    "inode %d, offset %s: %s"
                            .formatted(
                                    batch.inode(index),
                                    Long.toUnsignedString(batch.fileBlock(index) * Block.SIZE),
                                    why));
        }
    }
}
