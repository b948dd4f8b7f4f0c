package io.holdfast.space;

import io.holdfast.checksum.Checksum;
import io.holdfast.device.BufferPool;
import io.holdfast.device.Device;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Layout;
import io.holdfast.format.LittleEndian;
import io.holdfast.node.NodeReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The space map on the device: a bit for each block, set for exactly the blocks that the checkpoint's trees reach. The
 * log and the fixed structures are not in it.
 *
 * <p>{@link Layout} has the places. The group table is in memory: {@link #load} reads it, one block for 16 GiB, and
 * {@link #update} changes it. A bitmap is read when somebody asks for it; those of the groups that the allocator has in
 * memory are kept. An update refuses to set a set bit or clear a
 * clear one: the trees and the map disagree, and writing on would make it worse.
 *
 * <p>Thread-safe for one thread that updates beside others that read bitmaps.
 */
public final class SpaceMap implements Bitmaps {
    private static final System.Logger LOG = System.getLogger("holdfast");

    /** Changes when the volume grows. The updating thread alone may combine it with a descriptor that it read before. */
    private volatile Layout layout;

    private final Device device;
    private final Checksum checksum;
    private final NodeReader reader;
    private final BufferPool buffers;
    private final GroupTable table;
    private final KeptBitmaps kept = new KeptBitmaps();
    private @Nullable Corrections corrections;
    private final OwedDrops owed;

    public SpaceMap(Layout layout, Device device, Checksum checksum, NodeReader reader, BufferPool buffers) {
        this.layout = layout;
        this.device = device;
        this.checksum = checksum;
        this.reader = reader;
        this.buffers = buffers;
        this.table = new GroupTable(layout, device.name(), checksum, reader);
        this.owed = new OwedDrops(layout);
    }

    /** Returns the bytes of memory that the group table of a volume takes. */
    public static long tableBytes(Layout layout) {
        // And a byte for each group, in FreedGroups.
        return GroupTable.bytes(layout) + layout.groups();
    }

    /** Learns of a damaged block of the group table or a damaged bitmap. */
    public interface Damage {
        /**
         * Takes note of damage. Unless this throws, loading goes on without the blocks that are below.
         *
         * @param first the first block that nothing is known of
         * @param count of such blocks
         */
        void found(BlockPointer pointer, long first, long count, HoldfastException why) throws HoldfastException;

        /** Takes note of a block of the group table that cannot be read; what it has was read from its copy, or it is the copy. */
        default void oneOfTwo(long block, HoldfastException why) {}

        /** Returns whether blocks are to be read that are copies of others. */
        default boolean wantsBoth() {
            return false;
        }
    }

    @Override
    public String name() {
        return device.name();
    }

    // ---- reading ----

    /**
     * Reads the group table. Groups whose descriptors cannot be read count as full. Where one of two copies is damaged, the next {@link
     * #update} writes both anew.
     *
     * @param generation of the superblock that has the root
     */
    public void load(BlockPointer root, long generation, Damage damage) throws HoldfastException {
        table.load(root, generation, damage);
    }

    /**
     * Reads the part of the group table that has the groups from {@code first} to {@code end}, exclusive. Nothing is known of
     * the others.
     */
    public void load(BlockPointer root, long generation, long first, long end, Damage damage) throws HoldfastException {
        table.load(root, generation, first, end, damage);
    }

    /** Returns how many blocks are allocated, by the descriptors. */
    public long allocated() {
        return table.allocated();
    }

    @Override
    public int free(long group) {
        return table.descriptor(group).free();
    }

    @Override
    public long version(long group) {
        return table.descriptor(group).generation();
    }

    @Override
    public long[] read(long group) throws HoldfastException {
        GroupTable.Entry entry = table.entry(group);
        return read(group, entry.descriptor(), entry.layout());
    }

    private long[] read(long group, Descriptor descriptor, Layout layout) throws HoldfastException {
        long[] bits = new long[Math.max(1, layout.groupBlocks() / Long.SIZE)];
        if (!descriptor.hasBitmap()) {
            return bits;
        }
        long home = layout.bitmapHome(group, descriptor.home());
        byte[] node = reader.read(new BlockPointer(home, descriptor.bitmapChecksum()), GroupTable.STRUCTURE);
        int set = 0;
        for (int i = 0; i < Block.SIZE / 8; i++) {
            long word = LittleEndian.getLong(node, i * 8);
            if (word != 0 && i >= bits.length) {
                throw damaged("the bitmap in block %d goes beyond its group".formatted(home));
            } else if (word != 0) {
                bits[i] = word;
                set += Long.bitCount(word);
            }
        }
        long[] fixed = GroupBits.fixed(layout, group);
        for (int i = 0; i < bits.length; i++) {
            if ((bits[i] & fixed[i]) != 0) {
                long block = layout.groupStart(group) + i * 64L + Long.numberOfTrailingZeros(bits[i] & fixed[i]);
                throw damaged(
                        "the bitmap in block %d claims block %d, which is never allocated".formatted(home, block));
            }
        }
        if (set != layout.usable(group) - descriptor.free()) {
            throw damaged("the bitmap in block %d has %d allocated blocks, its descriptor says %d"
                    .formatted(home, set, layout.usable(group) - descriptor.free()));
        }
        return bits;
    }

    /** Something done with the allocated blocks of one group. */
    public interface GroupVisitor {
        void group(long group, long[] allocated);
    }

    /** Reads the bitmaps of the groups from {@code first} to {@code end}, exclusive, as far as they have any. */
    public void forEachGroup(long first, long end, GroupVisitor visitor, Damage damage) throws HoldfastException {
        for (long group = first; group < Math.min(end, layout.groups()); group++) {
            Descriptor descriptor = table.descriptor(group);
            if (!descriptor.hasBitmap() || (descriptor.bitmapChecksum() == 0 && descriptor.free() == 0)) {
                continue;
            }
            try {
                visitor.group(group, read(group, descriptor, layout));
            } catch (HoldfastException e) {
                long start = layout.groupStart(group);
                damage.found(
                        new BlockPointer(layout.bitmapHome(group, descriptor.home()), descriptor.bitmapChecksum()),
                        start,
                        layout.groupEnd(group) - start,
                        e);
            }
        }
    }

    // ---- growing ----

    /**
     * Makes this the map of a larger volume, whose new groups are free. The next {@link #update} writes what that
     * changes on the device; called by the thread that will make it.
     */
    public void grow(Layout larger) {
        long last = layout.groups() - 1;
        table.grow(larger, last, grown(last, larger));
        layout = larger;
    }

    /** Returns the descriptor that the last group gets with its added blocks; null if it has no bitmap, or all blocks. */
    private @Nullable Descriptor grown(long last, Layout larger) {
        Descriptor old = table.descriptor(last);
        int added = larger.usable(last) - layout.usable(last);
        if (!old.hasBitmap() || added == 0) {
            return null;
        }
        int longest;
        try {
            long[] busy = read(last, old, layout);
            long[] fixed = GroupBits.fixed(larger, last);
            for (int i = 0; i < busy.length; i++) {
                busy[i] |= fixed[i];
            }
            longest = GroupBits.longestRun(busy);
        } catch (HoldfastException e) {
            // Whoever needs the bitmap reports it. A group that cannot be read is no reason not to grow.
            longest = Math.max(old.longestRun(), added);
        }
        return new Descriptor(old.bitmapChecksum(), old.free() + added, longest, true, old.home(), old.generation());
    }

    // ---- repair ----

    /** Says which blocks of a group are in use. */
    public interface Truth {
        /** Returns a bit for each block of a group; the caller may change the array. */
        long[] allocated(long group) throws HoldfastException;
    }

    /** What the bitmaps of some groups must say, whatever they say now. */
    private record Corrections(NavigableSet<Long> groups, Truth truth) {}

    /**
     * Corrects the bitmaps and descriptors of some groups. The next {@link #update} writes them on the device, with what it
     * changes itself. Until then {@link #read} gives what is there now. Called once, before the volume is in use.
     */
    public void correct(NavigableSet<Long> groups, Truth truth) {
        corrections = new Corrections(groups, truth);
    }

    /** Returns a bit for each block of a group that can be allocated. */
    public long[] usable(long group) {
        long[] bits = GroupBits.fixed(layout, group);
        for (int i = 0; i < bits.length; i++) {
            bits[i] = ~bits[i];
        }
        return bits;
    }

    /** Returns how many more blocks are allocated once it is corrected. */
    public long correctedDifference() throws HoldfastException {
        long sum = 0;
        Corrections to = corrections;
        if (to != null) {
            for (long group : to.groups) {
                sum += GroupBits.count(to.truth.allocated(group)) - (layout.usable(group) - free(group));
            }
        }
        return sum;
    }

    /**
     * Returns the bitmaps for what a repair allocates. It uses no block that is in use by the old bitmap or by the corrected one:
     * so what the checkpoint before needs stays as it is.
     */
    public Bitmaps beforeAndAfter() {
        Corrections to = corrections;
        return to == null ? this : new BothBitmaps(this, layout, to.groups, to.truth);
    }

    // ---- writing ----

    @Override
    public void prepare(long group) throws HoldfastException {
        device.allocate(layout.bitmapHome(group, 0), 2);
        long index = group / Layout.DESCRIPTORS;
        for (int level = 0; level < layout.tableLevels(); level++) {
            device.allocate(layout.tableHome(level, index, 0), Layout.TABLE_BLOCKS);
            index /= Layout.INDEX_FANOUT;
        }
    }

    /**
     * What an update has done.
     *
     * @param root of the new group table
     * @param kept dropped blocks that stay allocated, since the bitmap of their group cannot be read
     * @param filled groups all of whose blocks count as allocated now, since some were taken and the bitmap could not be
     *     read
     * @param allocatedBeside how many blocks are allocated beyond those that were taken and kept
     * @param problems a line for each such group that was readable so far
     */
    public record Update(
            BlockPointer root, BlockList kept, List<Long> filled, long allocatedBeside, List<String> problems) {}

    /** An update under way. */
    private final class Updating {
        private final BlockList kept = new BlockList(layout);
        private final List<Long> filled = new ArrayList<>();
        private final List<String> problems = new ArrayList<>();
        private long allocatedBeside;
    }

    /**
     * Returns blocks that an earlier update has kept and that the next one is to drop again: their bitmap may have
     * become readable. Called at most once for each update, before it.
     *
     * @param dropped by the next update
     * @param generation of its superblock; {@code Long.MAX_VALUE} for all of them
     */
    public BlockList dropAgain(BlockList dropped, long generation) {
        return owed.takeDue(layout, generation, dropped.groups());
    }

    /**
     * Writes each changed bitmap and block of the group table to its free home and returns the new root. Nothing points
     * to what was written until a superblock does. A block that is in both lists came into the trees and left them
     * again, and does not change.
     *
     * <p>A bitmap that cannot be read, and is not in memory either, stays as it is. So do the dropped blocks of its
     * group: the caller must neither use them again nor count them as free. If blocks were taken there, too, all blocks of
     * the group count as allocated from now on.
     *
     * @param generation of the superblock that will have the root
     * @throws HoldfastException if there are more such groups than rot explains; the last superblock and all that it points
     *     to are whole
     */
    public Update update(BlockList taken, BlockList dropped, long generation) throws HoldfastException {
        requireOnce(taken);
        requireOnce(dropped);
        TreeSet<Long> groups = new TreeSet<>(taken.groups());
        groups.addAll(dropped.groups());
        if (corrections != null) {
            groups.addAll(corrections.groups);
        }
        Map<Long, Changed> changed = new TreeMap<>();
        Updating update = new Updating();
        try (ScatteredWrites writes = new ScatteredWrites(device, buffers)) {
            for (long group : groups) {
                Changed now = update(changeOf(group, taken, dropped), generation, writes, update);
                if (now != null) {
                    changed.put(group, now);
                }
            }
            // A reader that knows a new descriptor finds its bitmap on the device.
            writes.flush();
            changed.forEach((group, now) -> {
                table.put(group, now.descriptor);
                if (now.allocated.length > 0) {
                    kept.changed(group, generation, now.allocated);
                }
            });
            BlockPointer root = table.write(changed.keySet(), writes);
            writes.flush();
            corrections = null;
            return new Update(
                    root,
                    update.kept,
                    List.copyOf(update.filled),
                    update.allocatedBeside,
                    List.copyOf(update.problems));
        }
    }

    /** @param allocated empty for a group that a repair corrects: there may be very many */
    private record Changed(Descriptor descriptor, long[] allocated) {}

    private static void requireOnce(BlockList list) throws HoldfastException {
        if (!list.hasEachOnce()) {
            throw new HoldfastException(
                    ErrorCode.DAMAGED, "space map: the trees take or let go of a block twice; run check");
        }
    }

    private GroupChange changeOf(long group, BlockList taken, BlockList dropped) throws HoldfastException {
        if (group >= layout.groups()) {
            throw outside(layout.groupStart(group));
        }
        GroupChange change = new GroupChange(layout, group, taken, dropped);
        int outside = change.firstOf(GroupBits.fixed(layout, group));
        if (outside >= 0) {
            throw outside(layout.groupStart(group) + outside);
        }
        change.cancel();
        return change;
    }

    /** Writes the bitmap of a group; returns what is new, null if nothing changes. */
    private @Nullable Changed update(GroupChange change, long generation, ScatteredWrites writes, Updating update)
            throws HoldfastException {
        long group = change.group;
        Descriptor old = table.descriptor(group);
        if (corrections != null && corrections.groups.contains(group)) {
            long[] corrected = corrections.truth.allocated(group);
            requireAgreement(change, corrected);
            long[] bits = change.applyTo(corrected);
            Descriptor written = GroupBits.count(bits) == 0
                    ? Descriptor.NONE
                    : write(group, old, bits, generation, writes).descriptor;
            return new Changed(written, new long[0]);
        }
        if (change.isEmpty()) {
            return null;
        }
        long[] bits = kept.get(group, old.generation());
        if (bits == null) {
            try {
                bits = read(group, old, layout);
            } catch (HoldfastException e) {
                if (change.takes()) {
                    return fill(change, old, generation, e, writes, update);
                }
                keep(change, generation, e, update);
                return null;
            }
        }
        if (owed.readable(group)) {
            LOG.log(
                    System.Logger.Level.INFO,
                    "{0}: the bitmap of blocks {1} to {2} can be read again; what was removed there is free again",
                    device.name(),
                    String.valueOf(layout.groupStart(group)),
                    String.valueOf(layout.groupEnd(group) - 1));
        }
        requireAgreement(change, bits);
        return write(group, old, change.applyTo(bits), generation, writes);
    }

    private void requireAgreement(GroupChange change, long[] bits) throws HoldfastException {
        int disagreement = change.firstDisagreement(bits);
        if (disagreement >= 0) {
            throw new HoldfastException(
                    ErrorCode.DAMAGED,
                    "%s: space map and trees disagree: block %d is %s already; run check"
                            .formatted(
                                    device.name(),
                                    layout.groupStart(change.group) + disagreement,
                                    GroupBits.isSet(bits, disagreement) ? "allocated" : "free"));
        }
    }

    private Changed write(long group, Descriptor old, long[] bits, long generation, ScatteredWrites writes)
            throws HoldfastException {
        byte[] node = new byte[Block.SIZE];
        long[] busy = GroupBits.fixed(layout, group);
        for (int i = 0; i < bits.length; i++) {
            LittleEndian.putLong(node, i * 8, bits[i]);
            busy[i] |= bits[i];
        }
        int home = old.hasBitmap() ? 1 - old.home() : 0;
        writes.add(layout.bitmapHome(group, home), node);
        int free = layout.usable(group) - GroupBits.count(bits);
        return new Changed(
                new Descriptor(checksum.of(node), free, GroupBits.longestRun(busy), true, home, generation), bits);
    }

    /** Leaves the bitmap of a group as it is, since it cannot be read. */
    private void keep(GroupChange change, long generation, HoldfastException why, Updating update)
            throws HoldfastException {
        long start = layout.groupStart(change.group);
        long last = layout.groupEnd(change.group) - 1;
        countUnreadable(change.group, why);
        boolean first = owed.add(change.group, change.off, generation);
        update.kept.add(change.group, change.off);
        if (first) {
            update.problems.add(
                    "%s: what was removed from blocks %d to %d (group %d) does not come free, %d blocks so far, since it cannot be read which of them are in use: %s; nothing else is lost; look after the device, then 'holdfast check --repair' frees it"
                            .formatted(
                                    device.name(),
                                    start,
                                    last,
                                    change.group,
                                    GroupBits.count(change.off),
                                    why.getMessage()));
        }
    }

    /**
     * Takes all blocks of a group as allocated: some of them were taken, and which others are cannot be read. So none can
     * be lost, and the free ones cannot be used before a repair.
     */
    private Changed fill(
            GroupChange change,
            Descriptor old,
            long generation,
            HoldfastException why,
            ScatteredWrites writes,
            Updating update)
            throws HoldfastException {
        countUnreadable(change.group, why);
        long[] bits = usable(change.group);
        update.filled.add(change.group);
        update.kept.add(change.group, change.off);
        update.allocatedBeside += old.free() - GroupBits.count(change.on);
        update.problems.add(
                "%s: which of blocks %d to %d are in use cannot be read: %s; all of them count as in use now, %d of them wrongly; nothing else is lost; 'holdfast check --repair' frees those"
                        .formatted(
                                device.name(),
                                layout.groupStart(change.group),
                                layout.groupEnd(change.group) - 1,
                                why.getMessage(),
                                old.free() - GroupBits.count(change.on) + GroupBits.count(change.off)));
        return write(change.group, old, bits, generation, writes);
    }

    /** Ends the checkpoint if more groups are unreadable than rot explains. */
    private void countUnreadable(long group, HoldfastException why) throws HoldfastException {
        try {
            owed.count(group, why);
        } catch (HoldfastException tooMany) {
            throw new HoldfastException(
                    why.code(),
                    "%s: more of the space map cannot be read than rot explains, last this: %s; mend the device, or open it read-only to copy off what is there, and run check"
                            .formatted(device.name(), tooMany.getMessage()),
                    why);
        }
    }

    @Override
    public void keep(long group, long version, long[] allocated) {
        kept.keep(group, version, allocated);
    }

    @Override
    public void forget(long group) {
        kept.forget(group);
    }

    private HoldfastException outside(long block) {
        return new HoldfastException(
                ErrorCode.DAMAGED,
                "%s: the trees hold or let go of block %d, which is never allocated; run check"
                        .formatted(device.name(), block));
    }

    private HoldfastException damaged(String why) {
        return new HoldfastException(ErrorCode.DAMAGED, "%s: space map is damaged: %s".formatted(device.name(), why));
    }
}
