package io.holdfast.check;

import io.holdfast.format.Layout;
import io.holdfast.mapping.MapItems;
import java.util.List;
import java.util.NavigableMap;

/**
 * What a check of a volume in which nothing changes has found out, for a repair. Valid as long as the memory that the check was given.
 */
public final class CheckedVolume {
    private final CheckState check;
    private final NavigableMap<Long, GroupFault> groups;
    private final NavigableMap<Long, MapCounts> counts;

    CheckedVolume(CheckState check, NavigableMap<Long, GroupFault> groups, NavigableMap<Long, MapCounts> counts) {
        this.check = check;
        this.groups = groups;
        this.counts = counts;
    }

    /** How many blocks there are below a map, with those of subtrees that were cut off it. */
    public record MapCounts(long data, long unwritten) {}

    /** Returns the findings that are listed, in the order of the report. */
    public List<Finding> findings() {
        return check.findings.listed();
    }

    /** Returns whether every node of the metadata tree could be read. */
    public boolean hasAllItems() {
        return check.itemsWhole;
    }

    /**
     * Returns whether every pointer could be followed: then nothing else is in use. What only {@link #lostNodes} lead to does not count: if this is true, no
     * file has lost blocks any more.
     */
    public boolean hasAllBlocks() {
        return !check.incomplete;
    }

    /** Returns whether some block has two owners, or some pointer leads where no block can be. */
    public boolean isTangled() {
        return check.tangled;
    }

    /** Returns the nodes of maps that were lost before. */
    public List<MapItems.LostNode> lostNodes() {
        return List.copyOf(check.lost.nodes());
    }

    /** Returns how many blocks are promised in all maps. */
    public long unwritten() {
        return check.unwritten;
    }

    /** Returns the groups whose bitmaps are wrong. */
    public NavigableMap<Long, GroupFault> groups() {
        return groups;
    }

    /** Returns what the maps should count whose items count wrongly. */
    public NavigableMap<Long, MapCounts> counts() {
        return counts;
    }

    /** Returns a bit for each block of a group, set if something points to the block. */
    public long[] reached(long group) {
        Layout layout = check.layout;
        long[] bits = new long[Math.max(1, layout.groupBlocks() / Long.SIZE)];
        long start = layout.groupStart(group);
        for (int i = 0; i < bits.length; i++) {
            bits[i] = check.reachable.wordOf(start + (long) i * Long.SIZE);
        }
        return bits;
    }
}
