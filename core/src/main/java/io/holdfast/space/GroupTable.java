package io.holdfast.space;

import io.holdfast.checksum.Checksum;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Layout;
import io.holdfast.node.NodeReader;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The group table of a volume, all of it in memory: the descriptor of each group, and where the table's blocks are.
 * Thread-safe for one thread that changes it beside others that read descriptors.
 */
final class GroupTable {
    static final String STRUCTURE = "space map";
    private static final int POINTER_BYTES = 16;

    private final String device;
    private final Checksum checksum;
    private final NodeReader reader;
    /** Guards {@code layout}, {@code table} and its content for those who read descriptors. */
    private final ReentrantLock lock = new ReentrantLock();

    private Layout layout;
    /** The blocks of the table by level and index; null for one that is not there, whose groups are free. */
    private byte[][][] table;
    /** Blocks of level 0 that the next {@link #write} writes, because the volume has grown. */
    private final Set<Long> grown = new TreeSet<>();
    /** Blocks by level that were read from one of their two copies, the other being damaged. The next {@link #write} writes them. */
    private final Map<Integer, Set<Long>> half = new TreeMap<>();

    private BlockPointer root = BlockPointer.NONE;

    GroupTable(Layout layout, String device, Checksum checksum, NodeReader reader) {
        this.layout = layout;
        this.device = device;
        this.checksum = checksum;
        this.reader = reader;
        this.table = new byte[layout.tableLevels()][][];
        for (int level = 0; level < table.length; level++) {
            table[level] = new byte[width(layout, level)][];
        }
    }

    private static int width(Layout layout, int level) {
        return Math.toIntExact(layout.tableWidth(level));
    }

    /** Returns the bytes of memory that the group table of a volume takes. */
    static long bytes(Layout layout) {
        long blocks = 0;
        for (int level = 0; level < layout.tableLevels(); level++) {
            blocks += layout.tableWidth(level);
        }
        return blocks * (Block.SIZE + 24);
    }

    /**
     * Reads the group table. Groups whose descriptors cannot be read count as full.
     *
     * @param generation of the superblock that has the root
     */
    void load(BlockPointer newRoot, long generation, SpaceMap.Damage damage) throws HoldfastException {
        load(newRoot, generation, 0, layout.groups(), damage);
    }

    /** Does as the other, for the groups from {@code first} to {@code end}, exclusive; nothing is known of the others. */
    void load(BlockPointer newRoot, long generation, long first, long end, SpaceMap.Damage damage)
            throws HoldfastException {
        root = newRoot;
        load(layout.tableLevels() - 1, 0, newRoot, generation, first, end, damage);
    }

    private void load(
            int level, long index, BlockPointer pointer, long generation, long first, long end, SpaceMap.Damage damage)
            throws HoldfastException {
        long firstGroup = index * Layout.tableSpan(level);
        long endGroup = Math.min(layout.groups(), firstGroup + Layout.tableSpan(level));
        if (pointer.isNone() || firstGroup >= end || endGroup <= first) {
            return;
        }
        Read read;
        byte[] node;
        try {
            read = read(level, index, pointer, damage);
            node = read.node;
            requirePossible(level, node, firstGroup, endGroup, pointer, generation);
        } catch (HoldfastException e) {
            long start = layout.groupStart(firstGroup);
            damage.found(pointer, start, layout.groupEnd(endGroup - 1) - start, e);
            closeAll(firstGroup, endGroup);
            return;
        }
        table[level][(int) index] = node;
        if (read.half) {
            half.computeIfAbsent(level, _ -> new TreeSet<>()).add(index);
        }
        for (int slot = 0; level > 0 && slot < Layout.INDEX_FANOUT; slot++) {
            long child = index * Layout.INDEX_FANOUT + slot;
            if (child < layout.tableWidth(level - 1)) {
                load(level - 1, child, pointerAt(node, slot), generation, first, end, damage);
            }
        }
    }

    /** Leaves nothing to allocate in groups whose descriptors are unknown. */
    private void closeAll(long firstGroup, long endGroup) {
        Descriptor full = new Descriptor(0, 0, 0, true, 0, 1);
        for (long group = firstGroup; group < endGroup; group++) {
            int block = (int) (group / Layout.DESCRIPTORS);
            if (table[0][block] == null) {
                table[0][block] = new byte[Block.SIZE];
            }
            full.encode(table[0][block], at(group));
        }
    }

    private void requirePossible(int level, byte[] node, long first, long end, BlockPointer pointer, long generation)
            throws HoldfastException {
        for (int slot = 0; level > 0 && slot < Layout.INDEX_FANOUT; slot++) {
            if (!isPointer(node, slot)) {
                throw damaged("entry %d in block %d is no pointer".formatted(slot, pointer.block()));
            }
        }
        if (level > 0) {
            return;
        }
        for (long group = first; group < end; group++) {
            if (!Descriptor.isPossible(node, at(group), layout.usable(group), generation)) {
                throw damaged("the descriptor of group %d in block %d cannot be".formatted(group, pointer.block()));
            }
        }
    }

    /**
     * The bytes of a block.
     *
     * @param half whether one of its two copies is damaged
     */
    private record Read(byte[] node, boolean half) {}

    private Read read(int level, long index, BlockPointer pointer, SpaceMap.Damage damage) throws HoldfastException {
        if (pointer.block() != layout.tableHome(level, index, 0)
                && pointer.block() != layout.tableHome(level, index, 1)) {
            throw damaged("block %d of level %d of the group table cannot be in block %d"
                    .formatted(index, level, pointer.block()));
        }
        BlockPointer copy = new BlockPointer(Layout.tableCopy(pointer.block()), pointer.checksum());
        byte[] node;
        try {
            node = reader.read(pointer, STRUCTURE).clone();
        } catch (HoldfastException e) {
            node = reader.read(copy, STRUCTURE).clone();
            damage.oneOfTwo(pointer.block(), e);
            return new Read(node, true);
        }
        if (damage.wantsBoth()) {
            try {
                reader.read(copy, STRUCTURE);
            } catch (HoldfastException e) {
                damage.oneOfTwo(copy.block(), e);
                return new Read(node, true);
            }
        }
        return new Read(node, false);
    }

    /** Returns how many blocks are allocated, by the descriptors. */
    long allocated() {
        long allocated = 0;
        for (long group = 0; group < layout.groups(); group++) {
            allocated += layout.usable(group) - descriptor(group).free();
        }
        return allocated;
    }

    Descriptor descriptor(long group) {
        return entry(group).descriptor();
    }

    /**
     * A descriptor with the layout that it belongs to.
     *
     * @param layout says how many blocks the group has
     */
    record Entry(Descriptor descriptor, Layout layout) {}

    Entry entry(long group) {
        lock.lock();
        try {
            byte[] node = table[0][(int) (group / Layout.DESCRIPTORS)];
            int usable = layout.usable(group);
            Descriptor descriptor = node == null
                    ? new Descriptor(0, usable, usable, false, 0, 0)
                    : Descriptor.decode(node, at(group), usable);
            return new Entry(descriptor, layout);
        } finally {
            lock.unlock();
        }
    }

    /** Returns the place of a group's descriptor in its block. */
    private static int at(long group) {
        return (int) (group % Layout.DESCRIPTORS) * Descriptor.BYTES;
    }

    void put(long group, Descriptor descriptor) {
        int block = (int) (group / Layout.DESCRIPTORS);
        lock.lock();
        try {
            byte[] node = table[0][block];
            if (node == null) {
                node = new byte[Block.SIZE];
                table[0][block] = node;
            }
            descriptor.encode(node, at(group));
        } finally {
            lock.unlock();
        }
    }

    /**
     * Makes this the table of a larger volume. If that has more levels, the root of before becomes the first block below
     * the new ones. The next {@link #write} writes that path, and the block of the last group's descriptor.
     *
     * @param last the group that was the last one
     * @param descriptor its new one; null if that stays as it is
     */
    void grow(Layout larger, long last, @Nullable Descriptor descriptor) {
        byte[][][] wider = new byte[larger.tableLevels()][][];
        for (int level = 0; level < wider.length; level++) {
            int width = width(larger, level);
            wider[level] = level < table.length ? Arrays.copyOf(table[level], width) : new byte[width][];
        }
        for (int level = table.length; level < wider.length; level++) {
            byte[] node = new byte[Block.SIZE];
            if (level == table.length) {
                root.encode(node, 0);
            }
            wider[level][0] = node;
        }
        if (wider.length > table.length) {
            root = BlockPointer.NONE;
            grown.add(0L);
        }
        lock.lock();
        try {
            forgetBeyond();
            if (wider[0][0] == null) {
                wider[0][0] = new byte[Block.SIZE];
            }
            table = wider;
            layout = larger;
            if (descriptor != null) {
                put(last, descriptor);
                grown.add(last / Layout.DESCRIPTORS);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Clears what nobody has ever looked at: the entries of groups that the volume did not have. */
    private void forgetBeyond() {
        for (int level = 0; level < table.length; level++) {
            int entries = level == 0 ? Layout.DESCRIPTORS : Layout.INDEX_FANOUT;
            long count = level == 0 ? layout.groups() : layout.tableWidth(level - 1);
            byte[] node = table[level][table[level].length - 1];
            int from = (int) (count - (table[level].length - 1L) * entries);
            if (node != null) {
                Arrays.fill(node, from * (Block.SIZE / entries), Block.SIZE, (byte) 0);
            }
        }
    }

    /**
     * Writes the blocks of the table that changed descriptors are in, those of which one copy is damaged, and all above these. They go to
     * their free homes and the copies of these. So both copies that the last superblock has stay as they are.
     *
     * @param groups whose descriptors have changed
     * @return the new root
     */
    BlockPointer write(Iterable<Long> groups, ScatteredWrites writes) throws HoldfastException {
        Set<Long> changed = new TreeSet<>(grown);
        grown.clear();
        for (long group : groups) {
            changed.add(group / Layout.DESCRIPTORS);
        }
        for (int level = 0; level < table.length; level++) {
            changed.addAll(half.getOrDefault(level, Set.of()));
            changed = writeLevel(level, changed, writes);
        }
        half.clear();
        return root;
    }

    /** Writes the changed blocks of a level; returns the blocks above that change with them. */
    private Set<Long> writeLevel(int level, Set<Long> changed, ScatteredWrites writes) throws HoldfastException {
        Set<Long> above = new TreeSet<>();
        boolean top = level == table.length - 1;
        for (long index : changed) {
            byte[] node = table[level][(int) index];
            if (node == null) {
                throw new IllegalStateException("a changed block of the group table is missing");
            }
            int slot = (int) (index % Layout.INDEX_FANOUT);
            long parent = index / Layout.INDEX_FANOUT;
            BlockPointer old = top ? root : pointerAt(parentNode(level, parent), slot);
            long home = layout.tableHome(level, index, 0);
            home = old.block() == home ? layout.tableHome(level, index, 1) : home;
            writes.add(home, node);
            writes.add(Layout.tableCopy(home), node);
            BlockPointer written = new BlockPointer(home, checksum.of(node));
            if (top) {
                root = written;
            } else {
                written.encode(parentNode(level, parent), slot * POINTER_BYTES);
                above.add(parent);
            }
        }
        return above;
    }

    private byte[] parentNode(int level, long parent) {
        byte[] node = table[level + 1][(int) parent];
        if (node == null) {
            node = new byte[Block.SIZE];
            table[level + 1][(int) parent] = node;
        }
        return node;
    }

    /** Returns the pointer in a slot of an index block, none if it cannot be one. */
    private static BlockPointer pointerAt(byte[] node, int slot) {
        BlockPointer pointer = BlockPointer.decode(node, slot * POINTER_BYTES);
        return pointer == null ? BlockPointer.NONE : pointer;
    }

    private static boolean isPointer(byte[] node, int slot) {
        return BlockPointer.decode(node, slot * POINTER_BYTES) != null;
    }

    private HoldfastException damaged(String why) {
        return new HoldfastException(ErrorCode.DAMAGED, "%s: space map is damaged: %s".formatted(device, why));
    }
}
