package io.holdfast.sim.workload;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.LittleEndian;
import io.holdfast.format.MapEntry;
import io.holdfast.sim.model.ViolationException;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.WriteFlag;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * A file of which the first leaf of the map cannot be read at times, with what it must hold. One thread at a time uses it.
 *
 * <p>Invariants: {@code now} is the version of each block that was written last, {@code durable} that of the last flush; they differ only from a write to its flush.
 * Only blocks below the leaf may be errors, only while {@code hidden}, and only those not in {@code rewritten}.
 */
final class LostFile {
    /** Blocks with data below the leaf. */
    private static final int NEAR = 6;
    /** A block below another leaf. */
    private static final int FAR = MapEntry.FANOUT + 44;

    private static final int HOLE = 0;

    private final String path;
    private final boolean hasFar;
    private final int blocks;
    private final int[] now;
    private final int[] durable;
    private long inode;

    /** Whether a part of the leaf is missing: it cannot be read, and not all below was written again. */
    private boolean hidden;
    /** What was written and flushed since the leaf became unreadable. */
    private final BitSet rewritten = new BitSet();

    private final BitSet rewriting = new BitSet();
    /** All that were ever made unreadable, the last one last. */
    private final List<Long> leaves = new ArrayList<>();

    /** @param hasFar whether the map has another leaf, and a node above both */
    LostFile(String path, boolean hasFar) {
        this.path = path;
        this.hasFar = hasFar;
        this.blocks = hasFar ? FAR + 1 : NEAR;
        this.now = new int[blocks];
        this.durable = new int[blocks];
    }

    void create(Volume volume) throws HoldfastException {
        try (StoredFile file = volume.create(path, CreateOptions.file())) {
            inode = file.inode();
            for (int block = 0; block < NEAR; block++) {
                write(file, block, Set.of());
            }
            if (hasFar) {
                write(file, FAR, Set.of());
            }
            file.flush();
            flushed();
        }
    }

    long inode() {
        return inode;
    }

    /** Returns whether a finding of a check comes from a leaf that cannot be read or could not be. */
    boolean explains(CheckReport.Problem problem) {
        return problem.inode() == inode
                || leaves.stream().anyMatch(leaf -> problem.message().contains("cannot read block " + leaf + ":"));
    }

    /** Returns whether a part of the leaf was missing when the last checkpoint was made. */
    boolean isHidden() {
        return hidden;
    }

    /** Returns whether a part of the leaf is missing now, for all that is durable. */
    boolean isMissing() {
        return hidden && rewritten.nextClearBit(0) < Math.min(blocks, MapEntry.FANOUT);
    }

    private void write(StoredFile file, int block, Set<WriteFlag> flags) throws HoldfastException {
        now[block]++;
        rewriting.set(block);
        file.write((long) block * Block.SIZE, MemorySegment.ofArray(content(block, now[block])), flags);
    }

    private byte[] content(int block, int version) {
        byte[] content = new byte[Block.SIZE];
        for (int at = 0; version != HOLE && at < Block.SIZE; at += 3 * Long.BYTES) {
            LittleEndian.putLong(content, Math.min(at, Block.SIZE - Long.BYTES), inode << 32 | block);
            LittleEndian.putLong(content, Math.min(at + Long.BYTES, Block.SIZE - Long.BYTES), version);
        }
        return content;
    }

    /** The last flush has succeeded. */
    private void flushed() {
        System.arraycopy(now, 0, durable, 0, blocks);
        rewritten.or(rewriting);
        rewriting.clear();
    }

    /** Writes some blocks, or all that there are below the leaf, and flushes them. */
    void rewrite(Volume volume, boolean all, SplittableRandom random) throws HoldfastException {
        try (StoredFile file = volume.open(path)) {
            for (int block = 0; block < NEAR; block++) {
                if (all || random.nextBoolean()) {
                    write(file, block, random.nextBoolean() ? Set.of(WriteFlag.DIRECT) : Set.of());
                }
            }
            if (all && hasFar) {
                rewriting.set(NEAR, MapEntry.FANOUT);
                file.punch((long) NEAR * Block.SIZE, (long) (MapEntry.FANOUT - NEAR) * Block.SIZE);
            }
            file.flush();
            flushed();
        }
    }

    /** A checkpoint is durable. If all below the leaf was written again, nothing of it is missing any more. */
    void checkpointed() {
        hidden = isMissing();
    }

    /** Makes the leaf unreadable; after a checkpoint, and the volume must be opened again before anybody uses the file. */
    void hide(World world) {
        leaves.add(world.disk.hideLeafOver(content(0, now[0])));
        hidden = true;
        rewritten.clear();
    }

    /** Makes the leaf readable again; the volume must be opened again. */
    void reveal(World world) {
        world.disk.reveal(leaves.getLast());
        hidden = false;
    }

    /** Compares all blocks. After a crash a block may have what was last flushed, or what was written since. */
    void verify(World world, boolean crashed) throws HoldfastException {
        try (StoredFile file = world.volume().open(path)) {
            if (file.size() != (long) blocks * Block.SIZE) {
                throw new ViolationException("%s has %d bytes".formatted(path, file.size()));
            }
            for (int block = 0; block < blocks; block += block == NEAR ? FAR - NEAR : 1) {
                verify(world, file, block, crashed);
            }
        }
        if (crashed) {
            rewriting.clear();
        }
    }

    private void verify(World world, StoredFile file, int block, boolean crashed) throws HoldfastException {
        byte[] found = new byte[Block.SIZE];
        try {
            file.read((long) block * Block.SIZE, MemorySegment.ofArray(found));
        } catch (HoldfastException e) {
            if (world.device().isCut()) {
                throw e;
            }
            if (mayBeMissing(block) && (e.code() == ErrorCode.DEVICE_ERROR || e.code() == ErrorCode.DAMAGED)) {
                // So the log has nothing newer of it: that could be read.
                now[block] = crashed ? durable[block] : now[block];
                return;
            }
            throw new ViolationException("%s: block %d cannot be read, and nothing keeps it: %s: %s"
                    .formatted(path, block, e.code(), e.getMessage()));
        }
        if (Arrays.equals(found, content(block, now[block]))) {
            durable[block] = now[block];
        } else if (crashed && Arrays.equals(found, content(block, durable[block]))) {
            now[block] = durable[block];
        } else {
            throw new ViolationException("%s: block %d has not what was written last (version %d, flushed %d)"
                    .formatted(path, block, now[block], durable[block]));
        }
    }

    private boolean mayBeMissing(int block) {
        return hidden && block < MapEntry.FANOUT && !rewritten.get(block);
    }
}
