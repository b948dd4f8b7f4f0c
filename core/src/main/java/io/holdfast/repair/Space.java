package io.holdfast.repair;

import io.holdfast.check.CheckedVolume;
import io.holdfast.check.Fault;
import io.holdfast.check.GroupFault;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Layout;
import io.holdfast.format.Superblock;
import io.holdfast.space.SpaceMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * The bitmaps of groups, their descriptors, and the counts of the superblock. Where every pointer could be followed, a bitmap becomes what the trees
 * reach. Where not, something hidden may use a block that nothing seems to use: then no block comes free. Blocks in use are marked in any case. Blocks that
 * changed since the check keep what the space map says of them ({@link CheckedVolume}).
 */
final class Space implements Part {
    private static final String STRUCTURE = "space map";

    private final CheckedVolume checked;
    private final Superblock superblock;
    private final Layout layout;
    private final boolean countsWrong;
    private final boolean whole;
    /** The groups to correct. */
    private final NavigableMap<Long, GroupFault> groups = new TreeMap<>();

    Space(CheckedVolume checked, Superblock superblock) {
        this.checked = checked;
        this.superblock = superblock;
        this.layout = superblock.layout();
        this.whole = checked.hasAllBlocks();
        this.countsWrong = checked.findings().stream().anyMatch(finding -> finding.fault() instanceof Fault.Counts);
        long unknown =
                checked.groups().values().stream().filter(GroupFault::unknown).count();
        checked.groups().forEach((group, fault) -> {
            // A volume without one free block cannot be opened for writing either.
            boolean fills = fault.unknown() && unknown < layout.groups();
            if (whole || fault.unmarked() > 0 || fills) {
                groups.put(group, fault);
            }
        });
    }

    /** Makes a space map write what is right; returns the superblock with the counts that go with it. */
    Superblock correct(SpaceMap map) throws HoldfastException {
        if (!groups.isEmpty()) {
            map.correct(groups.navigableKeySet(), group -> allocated(map, group));
        }
        // What a descriptor says that stays unreadable is in the superblock's count.
        boolean allKnown = checked.groups().entrySet().stream()
                .allMatch(entry -> !entry.getValue().unknown() || groups.containsKey(entry.getKey()));
        long allocated = allKnown ? map.allocated() : superblock.allocatedBlocks();
        return superblock.withCounts(
                allocated + map.correctedDifference(),
                whole ? checked.unwritten(superblock) : superblock.unwrittenBlocks());
    }

    private long[] allocated(SpaceMap map, long group) throws HoldfastException {
        long[] bits = checked.reached(group);
        if (whole && !checked.wasInUse()) {
            return bits;
        }
        GroupFault fault = groups.get(group);
        long[] kept = fault == null || fault.unknown() ? map.usable(group) : map.read(group);
        long[] touched = checked.touched(group);
        for (int i = 0; i < bits.length; i++) {
            bits[i] = (bits[i] & ~touched[i]) | (whole ? kept[i] & touched[i] : kept[i]);
        }
        return bits;
    }

    @Override
    public void describe(Lines lines) {
        long first = -1;
        long last = -1;
        for (Map.Entry<Long, GroupFault> next : groups.entrySet()) {
            boolean goesOn = next.getKey() == last + 1
                    && next.getValue().unreadable()
                    && next.getValue().equals(groups.get(last));
            if (!goesOn) {
                describe(first, last, lines);
                first = next.getKey();
            }
            last = next.getKey();
        }
        describe(first, last, lines);
        if (countsWrong) {
            lines.add(
                    "superblock",
                    Lines.NONE,
                    Lines.NONE,
                    "its counts of allocated and unwritten blocks become those of the space map and of the trees",
                    "");
        }
    }

    /** Adds a line for groups side by side that all have the same. */
    private void describe(long first, long last, Lines lines) {
        GroupFault fault = groups.get(first);
        if (fault != null) {
            lines.add(
                    STRUCTURE,
                    layout.groupStart(first),
                    Lines.NONE,
                    "of blocks %d to %d, %s"
                            .formatted(layout.groupStart(first), layout.groupEnd(last) - 1, whatOf(fault)),
                    "");
        }
    }

    private String whatOf(GroupFault fault) {
        if (fault.unreadable() && whole) {
            return "it is marked anew from the trees which are in use";
        }
        if (fault.unreadable()) {
            return "all are marked in use, since neither the space map nor all of the trees can be read; so nothing is written there";
        }
        String marked = "%d that are in use and marked free are marked in use".formatted(fault.unmarked());
        String freed = "%d that nothing points to come free".formatted(fault.leaked());
        return !whole || fault.leaked() == 0 ? marked : fault.unmarked() == 0 ? freed : marked + ", and " + freed;
    }

    @Override
    public boolean mends(Fault fault) {
        return switch (fault) {
            case Fault.Counts _, Fault.Unmarked _ -> true;
            case Fault.Leaked _, Fault.SpaceUnreadable _ -> whole;
            default -> false;
        };
    }
}
