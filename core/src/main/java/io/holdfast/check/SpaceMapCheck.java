package io.holdfast.check;

import io.holdfast.background.Job;
import io.holdfast.checkpoint.VolumeState;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Layout;
import io.holdfast.format.Superblock;
import io.holdfast.space.SpaceMap;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads the space map, a part at a time, and compares it with what the trees reach. A block that the map has as allocated
 * and that nothing points to is <em>leaked</em>: it loses space and no data. Blocks that the trees took or let go of
 * while the check ran are left out. Used by one thread, once.
 */
final class SpaceMapCheck {
    private static final String STRUCTURE = "space map";
    private static final long UNKNOWN = -1;
    /** Groups of one part: those of one block of the group table, at most 128 bitmaps. */
    private static final int PART = Layout.DESCRIPTORS;

    /** Its bitmaps, and a block of the table. */
    private static final long PART_BYTES = (PART + 1L) * Block.SIZE;

    private final VolumeState volume;
    private final Job job;
    private final CheckSource source;
    private final Findings findings;
    private final BlockSet reachable;
    private final TouchedBlocks touched;
    /** Blocks to which nothing points may be in use, or lie below a node that was lost. */
    private final boolean incomplete;

    private final boolean proven;

    private final Layout layout;
    private final List<Uncharted> uncharted = new ArrayList<>();
    /** Blocks of the group table of which the other copy is whole. */
    private final Set<Long> oneOfTwo = new HashSet<>();

    private long allocated;
    private long hidden;
    private boolean countsAgree;
    private final NavigableMap<Long, GroupFault> groups = new TreeMap<>();

    // The run of blocks that is being gathered.
    private long runFirst = -1;
    private long runEnd = -1;
    private boolean runUsed;

    /**
     * Blocks of which the map cannot be read.
     *
     * @param allocated how many of them are, if that can be read
     */
    private record Uncharted(long first, long end, long allocated) {}

    /** @param check to whose set of reachable blocks nothing is added any more */
    SpaceMapCheck(CheckState check) {
        this.volume = check.direct;
        this.job = check.work.job();
        this.source = check.source;
        this.findings = check.findings;
        this.reachable = check.reachable;
        this.touched = check.touched;
        this.incomplete = check.incomplete || check.lost.any();
        this.proven = check.unproven.isEmpty();
        this.layout = check.layout;
    }

    /** Reads and compares everything. */
    void run() throws HoldfastException {
        for (long first = 0; first < layout.groups(); first += PART) {
            long from = first;
            // Here: no checkpoint is written while the part is read.
            job.move(PART_BYTES).close();
            source.whileIdle((newest, map) -> part(newest, from, Math.min(layout.groups(), from + PART)));
        }
        endRun();
        // What could not be read in peace may point to them: that is no damage.
        if (hidden > 0 && proven) {
            findings.add(
                    STRUCTURE,
                    -1,
                    CheckState.NO_FILE,
                    "%d blocks are marked in use and nothing that could be read points to them".formatted(hidden),
                    new Fault.Leaked());
        }
        source.whileIdle(this::compareCounts);
    }

    private void compareCounts(Superblock newest, @Nullable SpaceMap map) {
        long counted = map == null || !touched.any() ? allocated : map.allocated();
        boolean known = uncharted.stream().noneMatch(range -> range.allocated == UNKNOWN);
        countsAgree = known && counted == newest.allocatedBlocks();
        if (known && touched.any() && !countsAgree) {
            findings.add(
                    "superblock",
                    -1,
                    CheckState.NO_FILE,
                    "it counts %d allocated blocks, the space map has %d".formatted(newest.allocatedBlocks(), counted),
                    new Fault.Counts());
        }
    }

    /** Returns whether the superblock counts as many allocated blocks as the map, whose differences are findings of their own. */
    boolean countsAgree() {
        return countsAgree;
    }

    /** Returns the groups whose bitmaps are wrong. */
    NavigableMap<Long, GroupFault> groups() {
        return groups;
    }

    private void part(Superblock newest, long first, long end) throws HoldfastException {
        SpaceMap map = new SpaceMap(
                newest.layout(),
                volume.device(),
                volume.checksum(),
                (pointer, structure) -> {
                    findings.metadataBlocks++;
                    return volume.nodes().readUncached(pointer, structure);
                },
                volume.nodeBuffers());
        Map<Long, long[]> bitmaps = new HashMap<>();
        List<Uncharted> here = new ArrayList<>();
        map.load(newest.spaceRoot(), newest.generation(), first, end, new SpaceMap.Damage() {
            @Override
            public void found(BlockPointer pointer, long start, long count, HoldfastException why) {
                here.add(damaged(pointer, start, count, UNKNOWN, why));
            }

            @Override
            public void oneOfTwo(long block, HoldfastException why) {
                if (oneOfTwo.add(block)) {
                    findings.add(
                            STRUCTURE,
                            block,
                            CheckState.NO_FILE,
                            why.getMessage() + "; the other of two copies is whole, and has all",
                            new Fault.OneOfTwo());
                }
            }

            @Override
            public boolean wantsBoth() {
                return true;
            }
        });
        map.forEachGroup(first, end, bitmaps::put, (pointer, start, count, why) -> {
            long group = newest.layout().groupOf(start);
            long inUse = (long) newest.layout().usable(group) - map.free(group);
            here.add(damaged(pointer, start, count, inUse, why));
        });
        for (long group = first; group < end; group++) {
            allocated += (long) newest.layout().usable(group) - map.free(group);
            if (isCharted(group, here)) {
                compare(group, bitmaps.get(group));
            }
        }
        if (!incomplete) {
            here.forEach(this::compareCount);
        }
    }

    private Uncharted damaged(BlockPointer pointer, long first, long count, long inUse, HoldfastException why) {
        Uncharted range = new Uncharted(first, first + count, inUse);
        if (uncharted.stream().noneMatch(known -> known.first == range.first && known.end == range.end)) {
            uncharted.add(range);
            markUnreadable(first, count, inUse == UNKNOWN);
            findings.add(
                    STRUCTURE,
                    pointer.block(),
                    CheckState.NO_FILE,
                    String.valueOf(why.getMessage()),
                    new Fault.SpaceUnreadable());
        }
        return range;
    }

    private void markUnreadable(long first, long count, boolean unknown) {
        GroupFault fault = new GroupFault(0, 0, true, unknown);
        for (long group = layout.groupOf(first);
                group < layout.groups() && layout.groupStart(group) < first + count;
                group++) {
            groups.put(group, fault);
        }
    }

    private boolean isCharted(long group, List<Uncharted> here) {
        long start = layout.groupStart(group);
        return here.stream().noneMatch(range -> start >= range.first && start < range.end);
    }

    /** Compares the blocks of a group; {@code bits} is null if none of them was ever allocated. */
    private void compare(long group, long @Nullable [] bits) {
        long start = layout.groupStart(group);
        long end = layout.groupEnd(group);
        if (bits == null && !reachable.hasSomeNear(start) && !reachable.hasSomeNear(end - 1)) {
            return;
        }
        int leaked = 0;
        int unmarked = 0;
        for (long at = start; at < end; at += Long.SIZE) {
            long used = reachable.wordOf(at);
            long rest = used ^ (bits == null ? 0 : bits[(int) ((at - start) / Long.SIZE)]);
            rest &= rest == 0 ? 0 : ~touched.wordOf(at);
            rest &= end - at < Long.SIZE ? ~(-1L << (end - at)) : -1;
            leaked += Long.bitCount(rest & ~used);
            unmarked += Long.bitCount(rest & used);
            for (; rest != 0; rest &= rest - 1) {
                int bit = Long.numberOfTrailingZeros(rest);
                differs(at + bit, (used >>> bit & 1) != 0);
            }
        }
        if (leaked + unmarked > 0) {
            groups.put(group, new GroupFault(leaked, unmarked, false, false));
        }
    }

    /** Takes a block of which trees and map say different things, in ascending order. */
    private void differs(long block, boolean used) {
        if (!used && incomplete) {
            hidden++;
            return;
        }
        if (block != runEnd || used != runUsed) {
            endRun();
            runFirst = block;
            runUsed = used;
        }
        runEnd = block + 1;
    }

    private void endRun() {
        if (runFirst < 0) {
            return;
        }
        boolean one = runEnd == runFirst + 1;
        String which = one ? "block %d is".formatted(runFirst) : "blocks %d to %d are".formatted(runFirst, runEnd - 1);
        findings.add(
                STRUCTURE,
                runFirst,
                CheckState.NO_FILE,
                which
                        + (runUsed
                                ? " in use and marked free"
                                : " marked in use and nothing points there: leaked, %s cannot be written to, and no data is lost"
                                        .formatted(one ? "it" : "they")),
                runUsed ? new Fault.Unmarked() : new Fault.Leaked());
        runFirst = -1;
    }

    private void compareCount(Uncharted range) {
        if (range.allocated == UNKNOWN || touched.any()) {
            return;
        }
        long used = reachable.count(range.first, range.end);
        if (used < range.allocated) {
            findings.add(
                    STRUCTURE,
                    -1,
                    CheckState.NO_FILE,
                    "%d of the blocks %d to %d are marked in use and nothing points there: leaked, they cannot be written to, and no data is lost"
                            .formatted(range.allocated - used, range.first, range.end - 1),
                    new Fault.Leaked());
        } else if (used > range.allocated) {
            findings.add(
                    STRUCTURE,
                    -1,
                    CheckState.NO_FILE,
                    "%d of the blocks %d to %d are in use and marked free"
                            .formatted(used - range.allocated, range.first, range.end - 1),
                    new Fault.Unmarked());
        }
    }
}
