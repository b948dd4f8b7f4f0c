package io.holdfast.check;

import io.holdfast.checkpoint.VolumeState;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Superblock;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.store.BlockStore;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.Progress;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
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
 * <p>The check takes any content and reports damage as its result. Used by one thread, once. Memory: {@link CheckMemory}, and on the heap the inodes' table.
 * Where that is not enough for two bits for each block of the groups in use, sums are kept of the blocks of the other groups ({@link GroupSums}). The groups of which these do not
 * prove that they are right are looked at in later passes, some at a time. A later pass reads nodes only. It takes its own time: what it compares are blocks
 * that no checkpoint has changed since it began.
 */
public final class VolumeCheck implements AutoCloseable {
    /** Each reads all nodes of the volume. In more, writers change more than is found. */
    private static final int LATER_PASSES_MAX = 64;

    private final CheckState check;
    private final ItemsCheck items;
    private final MapsCheck maps;
    private final DeadTreesCheck deadTrees;
    private @Nullable CleanGroups clean;
    private NavigableMap<Long, GroupFault> groups = new TreeMap<>();

    /**
     * @param volume whose reads ask the job of {@code work}
     * @param direct the same volume, whose reads do not
     * @param data the same again, whose reads wait while the job is paused
     * @param memory where the sets of blocks lie; closed after the check
     */
    public VolumeCheck(
            VolumeState volume,
            VolumeState direct,
            CheckSource source,
            CheckWork work,
            BlockStore data,
            Progress progress,
            Arena memory) {
        this.check = new CheckState(volume, direct, source, work, data, progress, memory);
        this.items = new ItemsCheck(check);
        this.maps = new MapsCheck(check);
        this.deadTrees = new DeadTreesCheck(check);
    }

    /** Adds a finding about a copy of the superblock. */
    public void addCopy(long block, String message) {
        check.findings.add("superblock", block, CheckState.NO_FILE, message, new Fault.Copy());
    }

    /** Adds a finding about one of two copies of a block of the log. */
    void addLogCopy(long block, String message) {
        check.findings.add("log copy", block, CheckState.NO_FILE, message, new Fault.LogCopy());
    }

    /** Adds the finding that nobody knows whether the log goes on. */
    void addLogEnd(long block, String message) {
        check.findings.add("log end", block, CheckState.NO_FILE, message, new Fault.LogEnd());
    }

    /** Adds the finding that there may be a newer superblock. */
    public void addHiddenSuperblock(String message) {
        check.findings.add("superblock", -1, CheckState.NO_FILE, message, new Fault.HiddenSuperblock());
    }

    /** Adds a finding of the caller. */
    public void add(String structure, long block, String message) {
        check.findings.add(structure, block, message);
    }

    /** Reports that two owners claim a block. */
    void addTangled(String structure, long block, String message) {
        check.findings.add(structure, block, message);
        check.tangled = true;
    }

    DataCheck data() {
        return check.data;
    }

    boolean readsData() {
        return check.work.readsData();
    }

    /** Returns what the check may take. */
    CheckMemory memory() {
        return check.work.memory();
    }

    /** Returns whether the trees of a volume in which nothing changes use a block; valid after {@link #run}. */
    boolean reaches(long block) {
        if (!check.layout.isAllocatable(block)) {
            return false;
        }
        long group = check.layout.groupOf(block);
        if (!check.knowsSums() || check.references.knows(group) || groups.containsKey(group)) {
            return check.references.hasEver(block);
        }
        CleanGroups known = clean;
        if (known == null) {
            known = new CleanGroups(check);
            clean = known;
        }
        return known.reaches(block);
    }

    /**
     * Checks everything but the superblocks and the log; or the files that were asked for, and nothing else. From here to {@link #close} it hears what
     * changes.
     *
     * @throws HoldfastException {@code NO_SPACE} if a checkpoint waits for room on the host
     */
    public void run() throws HoldfastException {
        check.source.watch(check.touched);
        try {
            if (!check.work.files().isEmpty()) {
                new FilesCheck(check).run();
                maps.run();
                return;
            }
            items.run();
            maps.run();
            deadTrees.run();
            new LostNodesCheck(check).run();
            maps.compare(deadTrees);
            blocks();
            if (check.touched.overflowed()) {
                check.unproven.add(
                        "space: there was no memory to note what writers change; check again with more --memory");
            }
        } finally {
            if (Inject.off(Guard.REPAIR_HEARS_CHANGES)) {
                endHearing();
            }
        }
    }

    private void endHearing() {
        check.source.unwatch(check.touched);
        check.touched.end();
    }

    /** Returns everything that was found. */
    public CheckReport report() {
        return check.findings.report(items.files().files(), items.files().directories(), check.unproven);
    }

    /** Returns what a repair needs to know; valid after {@link #run}, and as long as the memory of the check. */
    public CheckedVolume checked() {
        return new CheckedVolume(check, groups, maps.counts());
    }

    /** Compares the blocks that the trees reach with the space map. */
    private void blocks() {
        SpaceMapCheck space = new SpaceMapCheck(check);
        groups = space.groups();
        try {
            space.run();
            for (int left = LATER_PASSES_MAX; left > 0 && space.suspects() > 0 && !check.isEndless; left--) {
                pass(space, left - 1);
            }
            if (space.suspects() > 0 && !check.isEndless) {
                check.unproven.add(
                        "space: there was no memory to compare %d groups of blocks, most of which writers have changed; check again with more --memory"
                                .formatted(space.suspects()));
            }
            check.lacksMemory = !space.knowsFaulty();
            space.finish();
            compareCounts(space);
        } catch (HoldfastException e) {
            // A checkpoint waits for room on the host, and nobody knows for how long.
            check.unproven.add("the space map: " + e.getMessage());
        }
    }

    /**
     * Goes through the metadata once more, for as many of the groups that may be wrong as there is memory for.
     *
     * @param left how many passes there may be behind this one
     */
    private void pass(SpaceMapCheck space, int left) throws HoldfastException {
        List<Long> kept = space.faulty();
        // A pass needs room, too.
        int keptMax = check.exactGroups() / 2;
        if (kept.size() > keptMax) {
            kept = kept.subList(0, keptMax);
        }
        int room = check.exactGroups() - kept.size();
        List<Long> wanted = space.suspects(room);
        int after = Math.min(left, Math.ceilDiv(space.suspects() - wanted.size(), room));
        Set<Long> stay = Set.copyOf(kept);
        Inject.at(Point.CHECK_PASS_BEGINS);
        if (Inject.off(Guard.PASS_BEGINS_IDLE)) {
            check.beginPass(stay, wanted, after);
        } else {
            // Here: no checkpoint is between telling what it changes and being there. What one has told before is
            // forgotten, and this pass would come upon its changes.
            check.source.whileIdle((newest, map) -> check.beginPass(stay, wanted, after));
        }
        Inject.at(Point.CHECK_PASS_BEGAN);
        items.run();
        new MapsCheck(check).run();
        new DeadTreesCheck(check).run();
        new LostNodesCheck(check).run();
        check.endPass();
        space.run(wanted);
    }

    private void compareCounts(SpaceMapCheck space) {
        if (!check.incomplete && !check.lostAny && !check.touched.any()) {
            Superblock superblock = check.source.superblock();
            if (!space.countsAgree()) {
                compareCount("allocated", superblock.allocatedBlocks(), check.reached);
            }
            compareCount("unwritten", superblock.unwrittenBlocks(), check.unwritten);
            check.unwrittenSaid = superblock.unwrittenBlocks();
            check.unwrittenMissing = check.unwritten - check.unwrittenSaid;
        }
    }

    private void compareCount(String what, long said, long found) {
        if (said != found) {
            check.findings.add(
                    "superblock",
                    -1,
                    CheckState.NO_FILE,
                    "it counts %d %s blocks, there are %d".formatted(said, what, found),
                    new Fault.Counts());
        }
    }

    /** Ends the threads of the check. */
    public void endReads() {
        check.close();
    }

    /** Ends the threads of the check, and hears no more of what changes: from here on what was found holds for the past only. */
    @Override
    public void close() {
        endReads();
        endHearing();
    }
}
