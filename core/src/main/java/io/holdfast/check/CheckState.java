package io.holdfast.check;

import io.holdfast.checkpoint.VolumeState;
import io.holdfast.format.Layout;
import io.holdfast.mapping.MapWalk;
import io.holdfast.store.BlockStore;
import io.holdfast.volume.Progress;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/**
 * What a check knows so far: the blocks that something points to, those that changed meanwhile, and what is wrong. Used by the
 * check's thread.
 */
final class CheckState implements AutoCloseable {
    static final long NO_FILE = -1;
    /** So many blocks go by between two calls of the progress. */
    private static final int PROGRESS_BLOCKS = 1024;
    /** So many parts are named that could not be read in peace. */
    static final int UNPROVEN_MAX = 256;
    /** Stands for a subtree that was cut off, whose file does not matter. */
    static final long DEAD = -2;

    /** Its reads ask the job. */
    final VolumeState volume;
    /** The volume as it is. For reads under a lock that clients may wait for; the job has been asked before. */
    final VolumeState direct;

    final CheckSource source;
    final CheckWork work;
    final Findings findings = new Findings();
    final BlockSet reachable;
    final TouchedBlocks touched;
    final List<String> unproven = new ArrayList<>();
    /** The inodes that have a map, ascending. */
    final InodeList inodes = new InodeList();
    /** Nobody knows how many blocks were below. */
    final LostItems lost = new LostItems();
    /** Of the volume when the check began. */
    final Layout layout;

    /** The check could not follow some pointer, so blocks may be in use without a known pointer to them. */
    boolean incomplete;

    /** Every node of the metadata tree could be read. */
    boolean itemsWhole = true;
    /** Some block has two owners, or some pointer leads where no block can be. */
    boolean tangled;

    long reached;
    long unwritten;
    /** How many more blocks were promised than the superblock counted when they were compared. */
    long unwrittenMissing;
    /** How many the superblock counted then. One that is wrong may have been held at a bound since. */
    long unwrittenSaid;

    final DataCheck data;

    private final Progress progress;
    private final CheckReaders readers;

    CheckState(
            VolumeState volume,
            VolumeState direct,
            CheckSource source,
            CheckWork work,
            BlockStore dataStore,
            Progress progress,
            Arena memory) {
        this.volume = volume;
        this.direct = direct;
        this.source = source;
        this.work = work;
        this.progress = progress;
        this.layout = source.superblock().layout();
        this.reachable = new BlockSet(layout.blocks(), memory);
        this.touched = new TouchedBlocks(layout, memory);
        this.readers = new CheckReaders(volume.nodeBuffers());
        this.data = new DataCheck(
                dataStore,
                volume.checksum(),
                readers,
                new SecondLook(this),
                findings,
                this::showProgress,
                (int) Math.min(work.dataTogether(), source.superblock().allocatedBlocks()),
                memory);
    }

    Slice newSlice(int max) {
        return new Slice(max);
    }

    MapWalk walk(MapWalk.Visitor visitor) {
        NodesAhead nodes = new NodesAhead(volume.store(), volume.checksum(), volume.nodes(), readers);
        return new MapWalk(nodes, nodes, visitor);
    }

    /** Takes what a slice has seen, once it is known to be true. */
    void commit(Slice slice) {
        incomplete |= slice.incomplete;
        tangled |= slice.tangled;
        findings.addAll(slice.findings);
        slice.forEach((block, inode) -> reach("map node", block, inode));
        showProgress();
    }

    /** Counts a block that something points to, and reports one that cannot be, or is not the first time. */
    void reach(String structure, long block, long inode) {
        if (block >= layout.blocks() && source.superblock().layout().isAllocatable(block)) {
            return; // The volume has grown.
        }
        if (!layout.isAllocatable(block)) {
            tangled = true;
            hides(
                    structure,
                    block,
                    Math.max(NO_FILE, inode),
                    "%s points to block %d, which cannot be".formatted(by(inode), block));
        } else if (reachable.add(block)) {
            reached++;
            if (reached % PROGRESS_BLOCKS == 0) {
                showProgress();
            }
        } else if (!touched.contains(block)) {
            tangled = true;
            hides(
                    structure,
                    block,
                    Math.max(NO_FILE, inode),
                    "block %d is used twice, once by %s".formatted(block, by(inode)));
        }
    }

    /** Says how far the check is. What the walk has come to, and whose data waits to be read, does not count. */
    private void showProgress() {
        progress.update(Math.max(0, reached - data.waiting()), totalBlocks());
    }

    private long totalBlocks() {
        return work.files().isEmpty() ? source.superblock().allocatedBlocks() : work.totalBlocks();
    }

    private static String by(long inode) {
        if (inode == DEAD) {
            return "a subtree being freed";
        }
        return inode == NO_FILE ? "the metadata tree" : "the map of inode " + inode;
    }

    void hides(String structure, long block, long inode, String message) {
        hides(structure, block, inode, message, Fault.OTHER);
    }

    void hides(String structure, long block, long inode, String message, Fault fault) {
        findings.add(structure, block, inode, message, fault);
        incomplete = true;
    }

    /** Reports a node of the metadata tree that could not be read. */
    void hidesItems(String message) {
        hides("tree node", -1, NO_FILE, message);
        itemsWhole = false;
    }

    boolean isKnown(long block) {
        return layout.isAllocatable(block) && reachable.contains(block) && !touched.contains(block);
    }

    /** Notes what could not be read in peace. */
    void unproven(String what) {
        if (unproven.size() < UNPROVEN_MAX) {
            unproven.add(unprovenLine(unproven.size() < UNPROVEN_MAX - 1 ? what : what + ", and perhaps more"));
        }
        incomplete = true;
    }

    static String unprovenLine(String what) {
        return what + ": writers needed the space that the check would have kept; check again when there is more";
    }

    /** Ends the threads that read. */
    @Override
    public void close() {
        data.close();
        readers.close();
    }
}
