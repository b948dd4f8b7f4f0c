package io.holdfast.check;

import io.holdfast.btree.BTree;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Layout;
import io.holdfast.format.Superblock;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.mapping.MapItems;
import io.holdfast.mapping.MapRoot;
import io.holdfast.node.NodeReader;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;

/**
 * What a check has found out, for a repair. Valid as long as the memory that the check was given.
 *
 * <p>Of a volume in use it holds for blocks that no checkpoint has changed since the check began, as long as the check hears what changes: nothing has come to
 * point to such a block since, and nothing has ceased to. Of the others it says nothing ({@link #touched}). Their bits in the space map are right: a
 * checkpoint takes and drops what it says, and a block that is marked in use without an owner can be neither taken nor dropped. A block in use that is
 * marked free, however, may be taken once more. So where there are such blocks this holds for nothing later ({@link #holdsFor}).
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

    /**
     * How many blocks there are below a map, with those of subtrees that were cut off it.
     *
     * @param said the root that counts wrongly
     */
    public record MapCounts(long data, long unwritten, MapRoot said) {
        /** Returns how many more blocks of data there are than it says. */
        public long moreData() {
            return data - said.dataBlocks();
        }

        /** Returns how many more unwritten blocks there are than it says. */
        public long moreUnwritten() {
            return unwritten - said.unwrittenBlocks();
        }

        /** Returns whether this still is what is wrong, if the map has changed: its counts follow changes, but never below 0. */
        boolean outlivesChanges() {
            return moreData() <= 0 && moreUnwritten() <= 0;
        }
    }

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
        return !check.incomplete || Inject.off(Guard.HIDDEN_KEEPS_BLOCKS);
    }

    /** Returns whether some block has two owners, or some pointer leads where no block can be. */
    public boolean isTangled() {
        return check.tangled;
    }

    /**
     * Returns whether more groups are wrong than the check had memory for. Then it is not known of all of them which blocks are in use, and a repair would
     * write over some.
     */
    public boolean lacksMemory() {
        return check.lacksMemory;
    }

    /** Returns the nodes of maps that were lost before. */
    public List<MapItems.LostNode> lostNodes() {
        return List.copyOf(check.lost.nodes());
    }

    /** Returns how many blocks are promised in all maps of a checkpoint of the volume, the last one that the check hears of. */
    public long unwritten(Superblock last) {
        return check.source.isFixed() ? check.unwritten : Math.max(0, last.unwrittenBlocks() + check.unwrittenMissing);
    }

    /**
     * Returns whether a repair of a later checkpoint can be decided from this, and from that checkpoint's items. If not, the metadata is to be read
     * again: something could not be read, so the blocks below and those that changed there are not known; or blocks in use were marked free, and may have
     * got a second owner since.
     *
     * @param nodes of the volume
     */
    public boolean holdsFor(NodeReader nodes, Superblock later) {
        boolean known = check.unproven.isEmpty()
                && !check.touched.overflowed()
                && !check.lost.any()
                && !check.lost.areMore()
                && later.blocks() == check.layout.blocks()
                && (check.unwrittenMissing == 0 || later.unwrittenBlocks() == check.unwrittenSaid)
                && groups.values().stream().noneMatch(group -> group.unreadable() || group.unmarked() > 0)
                && findings().stream().noneMatch(finding -> finding.fault() instanceof Fault.LostNowhere);
        for (Map.Entry<Long, MapCounts> count : counts.entrySet()) {
            known = known && (count.getValue().outlivesChanges() || isSame(nodes, later, count));
        }
        return known;
    }

    private static boolean isSame(NodeReader nodes, Superblock later, Map.Entry<Long, MapCounts> count) {
        try {
            byte[] item = BTree.get(nodes, later.treeRoot(), MapItems.mapKey(count.getKey()));
            return item == null || MapRoot.decode(item, count.getKey()).equals(count.getValue().said);
        } catch (HoldfastException e) {
            return false;
        }
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
            bits[i] = check.references.wordOf(start + (long) i * Long.SIZE);
        }
        return bits;
    }

    /** Returns whether the volume was in use while it was checked. */
    public boolean wasInUse() {
        return !check.source.isFixed();
    }

    /** Returns a bit for each block of a group, set if a checkpoint has taken or dropped the block since the check began. */
    public long[] touched(long group) {
        Layout layout = check.layout;
        long[] bits = new long[Math.max(1, layout.groupBlocks() / Long.SIZE)];
        long start = layout.groupStart(group);
        for (int i = 0; i < bits.length; i++) {
            bits[i] = check.touched.wordOf(start + (long) i * Long.SIZE);
        }
        return bits;
    }
}
