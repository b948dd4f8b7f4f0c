package io.holdfast.check;

import io.holdfast.checkpoint.VolumeState;
import io.holdfast.format.Layout;
import io.holdfast.mapping.MapWalk;
import io.holdfast.store.BlockStore;
import io.holdfast.volume.Progress;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

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
    /** What is reported. */
    final Findings findings = new Findings();
    /** What this pass finds of nodes and items: in the first one {@link #findings}. */
    Findings inPass = findings;

    final References references;
    final TouchedBlocks touched;
    final List<String> unproven = new ArrayList<>();
    /** The inodes that have a map, ascending. */
    final InodeList inodes = new InodeList();
    /** Nobody knows how many blocks were below. */
    final LostItems lost = new LostItems();
    /** There were such nodes in some pass. */
    boolean lostAny;

    /** Of the volume when the check began. */
    final Layout layout;

    /** The check could not follow some pointer, so blocks may be in use without a known pointer to them. */
    boolean incomplete;

    /** Every node of the metadata tree could be read. */
    boolean itemsWhole = true;
    /** Some block has two owners, or some pointer leads where no block can be. */
    boolean tangled;

    /** More groups are wrong than a repair finds the blocks of. */
    boolean lacksMemory;

    /** There are more pointers than can be: walks have no end that anybody waits for. */
    boolean isEndless;

    long reached;
    long unwritten;
    /** How many more blocks were promised than the superblock counted when they were compared. */
    long unwrittenMissing;
    /** How many the superblock counted then. One that is wrong may have been held at a bound since. */
    long unwrittenSaid;

    final DataCheck data;

    private final Progress progress;
    private final CheckReaders readers;
    private final ExactGroups exact;
    /** Nodes of maps in groups of which single blocks are not known. Null if none was met. */
    private @Nullable SeenNodes seen;

    /** Pointers that this pass has met. */
    private long pointers;
    /** Passes behind the first one, and nodes that were met in these. */
    private int laterPasses;

    private long laterNodes;
    private boolean first = true;

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
        this.exact = new ExactGroups(layout, work.memory().exactGroups(layout));
        this.references = new References(layout, exact, work.memory().key(), memory);
        this.touched = new TouchedBlocks(layout, exact, memory);
        this.readers = new CheckReaders(volume.nodeBuffers());
        this.data = new DataCheck(
                dataStore,
                volume.checksum(),
                readers,
                new SecondLook(this),
                findings,
                this::showProgress,
                (int) Math.min(
                        work.memory().dataCells(),
                        DataBatch.CELLS_EACH * source.superblock().allocatedBlocks()),
                memory);
    }

    Slice newSlice(int max) {
        return new Slice(max);
    }

    MapWalk walk(MapWalk.Visitor visitor) {
        NodesAhead nodes = new NodesAhead(volume.store(), volume.checksum(), volume.nodes(), readers);
        return new MapWalk(nodes, nodes, visitor);
    }

    /** Returns of how many groups at a time single blocks are known. */
    int exactGroups() {
        return exact.max();
    }

    /** Returns whether sums are all that is known of some groups, or was in an earlier pass. */
    boolean knowsSums() {
        return exact.hasRefused();
    }

    /** Returns whether this is the pass that reads everything; later ones look at some groups again, for which they read nodes only. */
    boolean isFirst() {
        return first;
    }

    /** Returns whether data is read in this pass. */
    boolean readsData() {
        return first && work.readsData();
    }

    /** Takes what a slice has seen, once it is known to be true. */
    void commit(Slice slice) {
        incomplete |= slice.incomplete;
        tangled |= slice.tangled;
        inPass.addAll(slice.findings);
        slice.forEach((block, inode) -> reach("map node", block, inode));
        if (exact.hasRefused()) {
            slice.nodes.forEach(this::note);
        }
        countLater(slice);
        showProgress();
    }

    /** Counts the nodes that a slice of a later pass has read. */
    void countLater(Slice slice) {
        laterNodes += first ? 0 : slice.findings.metadataBlocks;
    }

    private void note(long node) {
        SeenNodes table = seen;
        if (table == null) {
            table = new SeenNodes(work.memory().nodeBytes());
            seen = table;
        }
        table.add(node);
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
            return;
        }
        References.Added added = references.add(block);
        countReached(added);
        if (added == References.Added.AGAIN && !touched.contains(block)) {
            tangled = true;
            incomplete = true;
            // Of no other pass: each group has its bits in one.
            findings.add(
                    structure,
                    block,
                    Math.max(NO_FILE, inode),
                    "block %d is used twice, once by %s".formatted(block, by(inode)));
        }
        pointers++;
        if (exact.hasRefused() && pointers > layout.blocks() + touched.taken()) {
            endWalks(inode);
        }
    }

    /** Counts a block that something points to, and that may have been met before. */
    void reachAgain(long block) {
        if (layout.isAllocatable(block)) {
            countReached(references.addAgain(block));
        }
    }

    private void countReached(References.Added added) {
        if (first && (added == References.Added.FIRST || added == References.Added.SUMMED)) {
            reached++;
            if (reached % PROGRESS_BLOCKS == 0) {
                showProgress();
            }
        }
    }

    /**
     * Gives up walking: there are more pointers than blocks that they can lead to. Each block has one pointer when a pass begins, and gets another one only when
     * a checkpoint takes it.
     */
    void endWalks(long inode) {
        if (!isEndless) {
            tangled = true;
            incomplete = true;
            findings.add(
                    "map node",
                    -1,
                    Math.max(NO_FILE, inode),
                    "more pointers were met than the volume has blocks, the last one by %s: some blocks are used again and again, and not all was looked at"
                            .formatted(by(inode)));
        }
        isEndless = true;
    }

    /**
     * Begins another pass, for some groups. The caller keeps checkpoints away.
     *
     * @param kept groups of earlier passes whose blocks a repair needs
     * @param wanted groups to look at
     * @param after how many passes there will be behind this one
     */
    void beginPass(Collection<Long> kept, Collection<Long> wanted, int after) {
        first = false;
        laterPasses = Math.max(laterPasses, after + 1);
        inPass = new Findings();
        pointers = 0;
        seen = null;
        inodes.clear();
        touched.nextPass(released -> references.nextPass(kept, released, wanted));
    }

    /** Ends a later pass. Damage that no pass before has met is reported. */
    void endPass() {
        findings.addNew(inPass);
    }

    /** Says how far the check is. What the walk has come to, and whose data waits to be read, does not count. */
    private void showProgress() {
        // A later pass takes as long as there are nodes.
        progress.update(
                Math.max(0, reached - data.waiting()) + laterNodes,
                totalBlocks() + laterPasses * findings.metadataBlocks);
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
        inPass.add(structure, block, inode, message, fault);
        incomplete = true;
    }

    /** Reports a node of the metadata tree that could not be read. */
    void hidesItems(String message) {
        hides("tree node", -1, NO_FILE, message);
        itemsWhole = false;
    }

    /** Returns whether a pointer to a block was met before in this pass, for certain. */
    boolean isKnown(long block) {
        return layout.isAllocatable(block) && isMet(block) && !touched.contains(block);
    }

    private boolean isMet(long block) {
        SeenNodes table = seen;
        return references.has(block) || (table != null && table.contains(block));
    }

    /** Notes what could not be read in peace. */
    void unproven(String what) {
        String line = unprovenLine(unproven.size() < UNPROVEN_MAX - 1 ? what : what + ", and perhaps more");
        if (unproven.size() < UNPROVEN_MAX && !unproven.contains(line)) {
            unproven.add(line);
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
