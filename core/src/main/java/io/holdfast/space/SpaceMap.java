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
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The space map on the device: a bit for each block, set for exactly the blocks that the checkpoint's trees reach. The
 * log and the fixed structures are not in it.
 *
 * <p>{@link Layout} has the places. The group table is in memory: {@link #load} reads it, one block for 16 GiB, and
 * {@link #update} changes it. A bitmap is read when somebody asks for it. An update refuses to set a set bit or clear a
 * clear one: the trees and the map disagree, and writing on would make it worse.
 *
 * <p>Thread-safe for one thread that updates beside others that read bitmaps.
 */
public final class SpaceMap implements Bitmaps {
    private final Layout layout;
    private final Device device;
    private final Checksum checksum;
    private final NodeReader reader;
    private final BufferPool buffers;
    private final GroupTable table;

    public SpaceMap(Layout layout, Device device, Checksum checksum, NodeReader reader, BufferPool buffers) {
        this.layout = layout;
        this.device = device;
        this.checksum = checksum;
        this.reader = reader;
        this.buffers = buffers;
        this.table = new GroupTable(layout, device.name(), checksum, reader);
    }

    /** Returns the bytes of memory that the group table of a volume takes. */
    public static long tableBytes(Layout layout) {
        return GroupTable.bytes(layout);
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
    }

    // ---- reading ----

    /**
     * Reads the group table. Groups whose descriptors cannot be read count as full.
     *
     * @param generation of the superblock that has the root
     */
    public void load(BlockPointer root, long generation, Damage damage) throws HoldfastException {
        table.load(root, generation, damage);
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
        return read(group, table.descriptor(group));
    }

    private long[] read(long group, Descriptor descriptor) throws HoldfastException {
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

    /** Reads all bitmaps, in the order of the groups. */
    public void forEachGroup(GroupVisitor visitor, Damage damage) throws HoldfastException {
        for (long group = 0; group < layout.groups(); group++) {
            Descriptor descriptor = table.descriptor(group);
            if (!descriptor.hasBitmap() || (descriptor.bitmapChecksum() == 0 && descriptor.free() == 0)) {
                continue;
            }
            try {
                visitor.group(group, read(group, descriptor));
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

    // ---- writing ----

    @Override
    public void prepare(long group) throws HoldfastException {
        device.allocate(layout.bitmapHome(group, 0), 2);
        long index = group / Layout.DESCRIPTORS;
        for (int level = 0; level < layout.tableLevels(); level++) {
            device.allocate(layout.tableHome(level, index, 0), 2);
            index /= Layout.INDEX_FANOUT;
        }
    }

    /**
     * Writes each changed bitmap and block of the group table to its free home and returns the new root. Nothing points
     * to what was written until a superblock does. A block that is in both lists came into the trees and left them
     * again, and does not change.
     *
     * @param generation of the superblock that will have the root
     */
    public BlockPointer update(BlockList taken, BlockList dropped, long generation) throws HoldfastException {
        requireOnce(taken);
        requireOnce(dropped);
        TreeSet<Long> groups = new TreeSet<>(taken.groups());
        groups.addAll(dropped.groups());
        Map<Long, Descriptor> changed = new TreeMap<>();
        try (ScatteredWrites writes = new ScatteredWrites(device, buffers)) {
            for (long group : groups) {
                Descriptor now = update(group, taken, dropped, generation, writes);
                if (now != null) {
                    changed.put(group, now);
                }
            }
            // A reader that knows a new descriptor finds its bitmap on the device.
            writes.flush();
            changed.forEach(table::put);
            BlockPointer root = table.write(changed.keySet(), writes);
            writes.flush();
            return root;
        }
    }

    private static void requireOnce(BlockList list) throws HoldfastException {
        if (!list.hasEachOnce()) {
            throw new HoldfastException(
                    ErrorCode.DAMAGED, "space map: the trees take or let go of a block twice; run check");
        }
    }

    /** Writes the bitmap of a group; returns its new descriptor, null if nothing changes. */
    private @Nullable Descriptor update(
            long group, BlockList taken, BlockList dropped, long generation, ScatteredWrites writes)
            throws HoldfastException {
        if (group >= layout.groups()) {
            throw outside(layout.groupStart(group));
        }
        Descriptor old = table.descriptor(group);
        long[] bits = read(group, old);
        long[] added = new long[bits.length];
        long[] removed = new long[bits.length];
        taken.addTo(group, added);
        dropped.addTo(group, removed);
        long[] fixed = GroupBits.fixed(layout, group);
        boolean changes = false;
        int set = 0;
        byte[] node = new byte[Block.SIZE];
        for (int i = 0; i < bits.length; i++) {
            long both = added[i] & removed[i];
            long on = added[i] & ~both;
            long off = removed[i] & ~both;
            long wrong = (added[i] | removed[i]) & fixed[i];
            if (wrong != 0) {
                throw outside(blockOf(group, i, wrong));
            }
            long disagree = (on & bits[i]) | (off & ~bits[i]);
            if (disagree != 0) {
                long block = blockOf(group, i, disagree);
                throw new HoldfastException(
                        ErrorCode.DAMAGED,
                        "%s: space map and trees disagree: block %d is %s already; run check"
                                .formatted(device.name(), block, (on & disagree) != 0 ? "allocated" : "free"));
            }
            changes |= on != 0 || off != 0;
            bits[i] ^= on ^ off;
            set += Long.bitCount(bits[i]);
            LittleEndian.putLong(node, i * 8, bits[i]);
            fixed[i] |= bits[i];
        }
        if (!changes) {
            return null;
        }
        int home = old.hasBitmap() ? 1 - old.home() : 0;
        writes.add(layout.bitmapHome(group, home), node);
        return new Descriptor(
                checksum.of(node), layout.usable(group) - set, GroupBits.longestRun(fixed), true, home, generation);
    }

    private long blockOf(long group, int word, long bits) {
        return layout.groupStart(group) + word * 64L + Long.numberOfTrailingZeros(bits);
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
