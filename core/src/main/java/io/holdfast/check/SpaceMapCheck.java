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
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Reads the space map, a part at a time, and compares it with what the trees reach. A block that the map has as allocated
 * and that nothing points to is <em>leaked</em>: it loses space and no data. Blocks that the trees took or let go of
 * while the check ran are left out.
 *
 * <p>Of groups of which the check knows sums only it finds out whether they may be wrong ({@link #suspects}). Later passes of the check know the blocks of
 * these, some at a time, and compare them. What is wrong is reported when all passes are done, in the order of the blocks. Used by one thread.
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
    private final CheckState check;
    private final References references;
    private final TouchedBlocks touched;
    private final Layout layout;
    private final List<Uncharted> uncharted = new ArrayList<>();
    /** Blocks of the group table of which the other copy is whole. */
    private final Set<Long> oneOfTwo = new HashSet<>();

    private long allocated;
    private boolean countsAgree;
    private final NavigableMap<Long, GroupFault> groups = new TreeMap<>();
    /** Groups that may be wrong, and that no pass has looked at yet. */
    private final BitSet suspects = new BitSet();
    /** Those of them of which no block has changed. */
    private final BitSet unchanged = new BitSet();

    /** Groups that had no pointer when they were compared. */
    private final BitSet empty = new BitSet();

    private final DifferentBlocks different = new DifferentBlocks();

    /**
     * Blocks of which the map cannot be read.
     *
     * @param allocated how many of them are, if that can be read
     */
    private record Uncharted(long first, long end, long allocated) {}

    /** How many blocks are used of those groups whose bitmaps alone cannot be read. */
    private final Map<Long, Integer> used = new HashMap<>();

    SpaceMapCheck(CheckState check) {
        this.check = check;
        this.volume = check.direct;
        this.job = check.work.job();
        this.source = check.source;
        this.findings = check.findings;
        this.references = check.references;
        this.touched = check.touched;
        this.layout = check.layout;
    }

    /** Reads the whole map and compares what is known in the first pass. */
    void run() throws HoldfastException {
        for (long first = 0; first < layout.groups(); first += PART) {
            read(first, Math.min(layout.groups(), first + PART), true);
        }
    }

    /** Compares the groups that a later pass knows, ascending. */
    void run(List<Long> exact) throws HoldfastException {
        for (int from = 0; from < exact.size(); ) {
            long first = exact.get(from);
            int to = from + 1;
            while (to < exact.size()
                    && exact.get(to) == exact.get(to - 1) + 1
                    && exact.get(to) / PART == first / PART) {
                to++;
            }
            read(first, exact.get(to - 1) + 1, false);
            from = to;
        }
        exact.forEach(group -> {
            suspects.clear((int) (long) group);
            unchanged.clear((int) (long) group);
        });
    }

    private void read(long first, long end, boolean counted) throws HoldfastException {
        // Here: no checkpoint is written while the part is read.
        job.move(counted ? PART_BYTES : (end - first + 1) * Block.SIZE).close();
        source.whileIdle((newest, map) -> part(newest, first, end, counted));
    }

    /** Reports what is wrong, once it is known whether every pointer could be followed. */
    void finish() throws HoldfastException {
        // Blocks to which nothing points may be in use, or lie below a node that was lost.
        boolean incomplete = check.incomplete || check.lostAny;
        if (!incomplete) {
            uncharted.forEach(this::compareCount);
        }
        different.report(findings, incomplete);
        // What could not be read in peace may point to them: that is no damage.
        if (incomplete && different.leaked() > 0 && check.unproven.isEmpty()) {
            findings.add(
                    STRUCTURE,
                    -1,
                    CheckState.NO_FILE,
                    "%d blocks are marked in use and nothing that could be read points to them"
                            .formatted(different.leaked()),
                    new Fault.Leaked());
        }
        source.whileIdle(this::compareCounts);
    }

    /** Returns how many groups may be wrong, or may have a block that is used twice, and no pass has looked at them yet. */
    int suspects() {
        return suspects.cardinality();
    }

    /** Returns some of these groups, ascending: first those of which no block has changed, for something is wrong there. */
    List<Long> suspects(int most) {
        return IntStream.concat(unchanged.stream(), suspects.stream().filter(group -> !unchanged.get(group)))
                .limit(most)
                .sorted()
                .mapToObj(group -> (long) group)
                .toList();
    }

    /** Returns whether it is known of each group that is wrong which of its blocks have pointers. */
    boolean knowsFaulty() {
        return groups.keySet().stream().allMatch(group -> references.knows(group) || empty.get((int) (long) group));
    }

    /** Returns the groups of the passes until now whose blocks a repair needs. */
    List<Long> faulty() {
        return groups.keySet().stream().filter(references::knows).toList();
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

    /** @param counted whether it is the first time */
    private void part(Superblock newest, long first, long end, boolean counted) throws HoldfastException {
        SpaceMap map = new SpaceMap(
                newest.layout(),
                volume.device(),
                volume.checksum(),
                (pointer, structure) -> {
                    findings.metadataBlocks += counted ? 1 : 0;
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
            allocated += counted ? (long) newest.layout().usable(group) - map.free(group) : 0;
            if (isCharted(group, here)) {
                compare(group, bitmaps.get(group));
            } else if (isEmpty(group) || references.isExact(group)) {
                used.put(group, references.count(group));
            } else {
                suspects.set((int) group);
            }
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

    /** Returns whether nothing points to any block of a group, and none has changed. Such a group needs no bits. */
    private boolean isEmpty(long group) {
        if (references.isUntouched(group)) {
            empty.set((int) group);
            return true;
        }
        return false;
    }

    private boolean isCharted(long group, List<Uncharted> here) {
        long start = layout.groupStart(group);
        return here.stream().noneMatch(range -> start >= range.first && start < range.end);
    }

    /** Compares the blocks of a group; {@code bits} is null if none of them was ever allocated. */
    private void compare(long group, long @Nullable [] bits) {
        if (!isEmpty(group) && !references.isExact(group)) {
            boolean changed = touched.hasWhole(group);
            if (changed || !references.sumsMatch(group, bits)) {
                suspects.set((int) group);
                unchanged.set((int) group, !changed);
            }
            return;
        }
        long start = layout.groupStart(group);
        long end = layout.groupEnd(group);
        int leaked = 0;
        int unmarked = 0;
        for (long at = start; at < end; at += Long.SIZE) {
            long inUse = references.wordOf(at);
            long rest = inUse ^ (bits == null ? 0 : bits[(int) ((at - start) / Long.SIZE)]);
            rest &= rest == 0 ? 0 : ~touched.wordOf(at);
            rest &= end - at < Long.SIZE ? ~(-1L << (end - at)) : -1;
            leaked += Long.bitCount(rest & ~inUse);
            unmarked += Long.bitCount(rest & inUse);
            for (; rest != 0; rest &= rest - 1) {
                int bit = Long.numberOfTrailingZeros(rest);
                different.add(at + bit, (inUse >>> bit & 1) != 0);
            }
        }
        if (leaked + unmarked > 0) {
            groups.put(group, new GroupFault(leaked, unmarked, false, false));
        }
    }

    private void compareCount(Uncharted range) {
        if (range.allocated == UNKNOWN || touched.any()) {
            return;
        }
        Integer known = used.get(layout.groupOf(range.first));
        if (known == null) {
            return;
        }
        long inUse = known;
        if (inUse < range.allocated) {
            findings.add(
                    STRUCTURE,
                    -1,
                    CheckState.NO_FILE,
                    "%d of the blocks %d to %d are marked in use and nothing points there: leaked, they cannot be written to, and no data is lost"
                            .formatted(range.allocated - inUse, range.first, range.end - 1),
                    new Fault.Leaked());
        } else if (inUse > range.allocated) {
            findings.add(
                    STRUCTURE,
                    -1,
                    CheckState.NO_FILE,
                    "%d of the blocks %d to %d are in use and marked free"
                            .formatted(inUse - range.allocated, range.first, range.end - 1),
                    new Fault.Unmarked());
        }
    }
}
