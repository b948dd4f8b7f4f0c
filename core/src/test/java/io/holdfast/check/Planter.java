package io.holdfast.check;

import io.holdfast.checksum.Checksum;
import io.holdfast.checksum.Checksums;
import io.holdfast.device.BufferPool;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Item;
import io.holdfast.format.Layout;
import io.holdfast.format.LittleEndian;
import io.holdfast.format.LogEntry;
import io.holdfast.format.LogRecord;
import io.holdfast.format.MapEntry;
import io.holdfast.format.Superblock;
import io.holdfast.log.LogReader;
import io.holdfast.mapping.MapItems;
import io.holdfast.mapping.MapRoot;
import io.holdfast.store.BlockStore;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * Plants damage in the image of a volume that nobody has open. What hangs above the changed structure is checksummed
 * anew up to the superblock, so that no checksum gives the damage away and only a check of the content can find it.
 *
 * <p>Knows the layouts by itself and asks the engine only for what is not a matter of layout.
 */
final class Planter {
    private static final int ALLOCATED_AT = 256;
    /** An attribute of the root that makes room for other items when it is taken away. */
    static final String ROOM = "user.room";

    private static final int TREE_HEADER = 16;
    private static final int LEVELS_MAX = 30;

    private final MemoryDevice device;
    private final Checksum checksum;
    private final int groupLog2;

    Planter(MemoryDevice device) throws HoldfastException {
        this(device, Layout.GROUP_LOG2);
    }

    Planter(MemoryDevice device, int groupLog2) throws HoldfastException {
        this.device = device;
        this.groupLog2 = groupLog2;
        this.checksum = Checksums.byId(superblock().checksumId());
    }

    // ---- superblock ----

    Layout layout() {
        return new Layout(device.blocks(), groupLog2);
    }

    /** Returns the newest superblock of copy 0. */
    Superblock superblock() throws HoldfastException {
        Superblock a = decode(0);
        Superblock b = decode(1);
        return a.generation() > b.generation() ? a : b;
    }

    private Superblock decode(long block) throws HoldfastException {
        return Superblock.decode(device.block(block), block, "image");
    }

    /** Changes the bytes of the newest superblock in all copies. */
    void superblock(Consumer<byte[]> change) throws HoldfastException {
        int slot = (int) (superblock().generation() % Layout.SUPERBLOCK_SLOTS);
        for (int copy = 0; copy < layout().superblockCopies(); copy++) {
            superblock(copy, slot, change);
        }
    }

    /** Changes the bytes of one slot of one copy. */
    void superblock(int copy, int slot, Consumer<byte[]> change) {
        long block = layout().superblock(copy, slot);
        byte[] bytes = device.block(block);
        change.accept(bytes);
        Superblock.putChecksums(bytes);
        device.setBlock(block, bytes);
    }

    void treeRoot(BlockPointer root) throws HoldfastException {
        superblock(bytes -> {
            LittleEndian.putLong(bytes, 160, word(root));
            LittleEndian.putLong(bytes, 168, root.checksum());
            if (root.isNone()) {
                LittleEndian.putLong(bytes, 296, 0);
            }
        });
    }

    private void spaceRoot(BlockPointer root) throws HoldfastException {
        superblock(bytes -> {
            LittleEndian.putLong(bytes, 176, word(root));
            LittleEndian.putLong(bytes, 184, root.checksum());
        });
    }

    private static long word(BlockPointer pointer) {
        return pointer.block() == 0 ? 0 : MapEntry.word(MapEntry.NODE, pointer.block());
    }

    private BlockPointer put(long block, byte[] content) {
        device.setBlock(block, content);
        return new BlockPointer(block, checksum.of(content));
    }

    // ---- metadata tree ----

    /** Returns the nodes from the root to the leaf where a key belongs. */
    private List<BlockPointer> path(byte[] key) throws HoldfastException {
        List<BlockPointer> path =
                new ArrayList<>(List.of(superblock().treeRoot().node()));
        while (level(path.getLast()) > 0) {
            if (path.size() > LEVELS_MAX) {
                throw new IllegalStateException("planted damage has made a cycle");
            }
            List<Item> items = items(device.block(path.getLast().block()));
            path.add(
                    pointer(Objects.requireNonNull(items.get(slotOf(items, key)).value())));
        }
        return path;
    }

    private int level(BlockPointer pointer) {
        return device.block(pointer.block())[4];
    }

    private static int slotOf(List<Item> items, byte[] key) {
        int slot = 0;
        while (slot + 1 < items.size()
                && Arrays.compareUnsigned(items.get(slot + 1).key(), key) <= 0) {
            slot++;
        }
        return slot;
    }

    private static BlockPointer pointer(byte[] value) {
        return new BlockPointer(MapEntry.block(LittleEndian.getLong(value, 0)), LittleEndian.getLong(value, 8));
    }

    int treeHeight() throws HoldfastException {
        return level(superblock().treeRoot().node()) + 1;
    }

    /** Returns the block of the node of a level on the way to a key; level 0 is the leaf. */
    long treeNode(byte[] key, int level) throws HoldfastException {
        List<BlockPointer> path = path(key);
        return path.get(path.size() - 1 - level).block();
    }

    /** Changes the bytes of a node on the way to a key. */
    void treeNode(byte[] key, int level, Consumer<byte[]> change) throws HoldfastException {
        List<BlockPointer> path = path(key);
        int depth = path.size() - 1 - level;
        byte[] node = device.block(path.get(depth).block());
        change.accept(node);
        replace(path, depth, key, node, null);
    }

    /** Changes the items of a node on the way to a key. The keys in the nodes above follow. */
    void treeItems(byte[] key, int level, Consumer<List<Item>> change) throws HoldfastException {
        List<BlockPointer> path = path(key);
        int depth = path.size() - 1 - level;
        List<Item> items = items(device.block(path.get(depth).block()));
        change.accept(items);
        replace(path, depth, key, node(level, items), items.getFirst().key());
    }

    private void replace(List<BlockPointer> path, int depth, byte[] key, byte[] node, byte[] firstKey)
            throws HoldfastException {
        BlockPointer written = put(path.get(depth).block(), node);
        byte[] first = firstKey;
        for (int above = depth - 1; above >= 0; above--) {
            byte[] parent = device.block(path.get(above).block());
            List<Item> items = items(parent);
            int slot = slotOf(items, key);
            byte[] value = new byte[16];
            LittleEndian.putLong(value, 0, word(written));
            LittleEndian.putLong(value, 8, written.checksum());
            items.set(slot, new Item(first == null ? items.get(slot).key() : first, value));
            first = first == null ? null : items.getFirst().key();
            written = put(path.get(above).block(), node(parent[4], items));
        }
        device.setBlock(superblock().treeRoot().copy(), device.block(written.block()));
        treeRoot(written);
    }

    /** Returns the value of an item, which must be there. */
    byte[] value(byte[] key) throws HoldfastException {
        for (Item item : items(device.block(treeNode(key, 0)))) {
            if (Arrays.equals(item.key(), key)) {
                return Objects.requireNonNull(item.value());
            }
        }
        throw new IllegalArgumentException("no item " + Arrays.toString(key));
    }

    /** Adds an item, or replaces it. */
    void item(byte[] key, byte[] value) throws HoldfastException {
        treeItems(key, 0, items -> {
            items.removeIf(item -> Arrays.equals(item.key(), key));
            items.add(new Item(key, value));
            items.sort((a, b) -> Arrays.compareUnsigned(a.key(), b.key()));
            items.removeIf(item -> new String(item.key(), StandardCharsets.ISO_8859_1).contains(ROOM));
        });
    }

    /** Changes the value of an item in place. */
    void value(byte[] key, Consumer<byte[]> change) throws HoldfastException {
        byte[] value = value(key);
        change.accept(value);
        item(key, value);
    }

    void remove(byte[] key) throws HoldfastException {
        value(key);
        treeItems(key, 0, items -> items.removeIf(item -> Arrays.equals(item.key(), key)));
    }

    private static List<Item> items(byte[] node) {
        List<Item> items = new ArrayList<>();
        for (int i = 0; i < LittleEndian.getUnsignedShort(node, 6); i++) {
            int at = LittleEndian.getUnsignedShort(node, TREE_HEADER + 2 * i);
            int keyEnd = at + 4 + LittleEndian.getUnsignedShort(node, at);
            int end = keyEnd + LittleEndian.getUnsignedShort(node, at + 2);
            items.add(new Item(Arrays.copyOfRange(node, at + 4, keyEnd), Arrays.copyOfRange(node, keyEnd, end)));
        }
        return items;
    }

    private static byte[] node(int level, List<Item> items) {
        byte[] node = new byte[4096];
        System.arraycopy(new byte[] {'H', 'F', 'T', 'N', (byte) level}, 0, node, 0, 5);
        LittleEndian.putShort(node, 6, items.size());
        int end = node.length;
        for (int i = 0; i < items.size(); i++) {
            byte[] key = items.get(i).key();
            byte[] value = Objects.requireNonNull(items.get(i).value());
            end -= 4 + key.length + value.length;
            LittleEndian.putShort(node, TREE_HEADER + 2 * i, end);
            LittleEndian.putShort(node, end, key.length);
            LittleEndian.putShort(node, end + 2, value.length);
            System.arraycopy(key, 0, node, end + 4, key.length);
            System.arraycopy(value, 0, node, end + 4 + key.length, value.length);
        }
        if (end < TREE_HEADER + 2 * items.size()) {
            throw new IllegalArgumentException("the items do not fit");
        }
        LittleEndian.putShort(node, 8, end);
        return node;
    }

    // ---- block maps ----

    MapRoot map(long inode) throws HoldfastException {
        return MapRoot.decode(value(MapItems.mapKey(inode)), inode);
    }

    private static int slot(long fileBlock, int level) {
        return (int) (fileBlock >>> 8 * (level - 1)) & 0xff;
    }

    /** Returns the nodes from the map's root down to level 1. */
    private List<Long> mapPath(long inode, long fileBlock) throws HoldfastException {
        MapRoot root = map(inode);
        List<Long> path = new ArrayList<>();
        long word = root.word();
        for (int level = root.levels(); level >= 1; level--) {
            path.add(MapEntry.block(word));
            word = MapEntry.wordAt(device.block(MapEntry.block(word)), slot(fileBlock, level));
        }
        return path;
    }

    long mapNode(long inode, long fileBlock, int level) throws HoldfastException {
        List<Long> path = mapPath(inode, fileBlock);
        return path.get(path.size() - level);
    }

    /** Returns the device block that holds a block of a file. */
    long data(long inode, long fileBlock) throws HoldfastException {
        byte[] leaf = device.block(mapNode(inode, fileBlock, 1));
        return MapEntry.block(MapEntry.wordAt(leaf, slot(fileBlock, 1)));
    }

    void mapNode(long inode, long fileBlock, int level, Consumer<byte[]> change) throws HoldfastException {
        List<Long> path = mapPath(inode, fileBlock);
        int at = path.size() - level;
        byte[] node = device.block(path.get(at));
        change.accept(node);
        BlockPointer written = put(path.get(at), node);
        for (int above = at - 1; above >= 0; above--) {
            byte[] parent = device.block(path.get(above));
            int slot = slot(fileBlock, path.size() - above);
            MapEntry.put(parent, slot, MapEntry.word(MapEntry.NODE, written.block()), written.checksum());
            written = put(path.get(above), parent);
        }
        MapRoot root = map(inode);
        item(
                MapItems.mapKey(inode),
                new MapRoot(
                                MapEntry.word(MapEntry.NODE, written.block()),
                                written.checksum(),
                                root.dataBlocks(),
                                root.unwrittenBlocks(),
                                root.levels())
                        .encode());
    }

    // ---- space map ----

    private static final int DESCRIPTOR_BYTES = 32;

    private static int descriptorAt(long group) {
        return (int) (group % 128) * DESCRIPTOR_BYTES;
    }

    /** Returns the blocks of the group table from the root down to the descriptors, and then the group's bitmap. */
    private List<BlockPointer> spacePath(long block) throws HoldfastException {
        long group = block >>> groupLog2;
        List<BlockPointer> path = new ArrayList<>(List.of(superblock().spaceRoot()));
        for (int level = layout().tableLevels() - 1; level > 0; level--) {
            byte[] node = device.block(path.getLast().block());
            int at = 16 * tableSlot(group, level);
            path.add(new BlockPointer(
                    MapEntry.block(LittleEndian.getLong(node, at)), LittleEndian.getLong(node, at + 8)));
        }
        byte[] descriptors = device.block(path.getLast().block());
        int home = LittleEndian.getUnsignedShort(descriptors, descriptorAt(group) + 20) >> 1 & 1;
        path.add(new BlockPointer(
                (group << groupLog2) + 2 + home, LittleEndian.getLong(descriptors, descriptorAt(group))));
        return path;
    }

    private static int tableSlot(long group, int level) {
        return (int) (group / 128 >>> 8 * (level - 1)) & 0xff;
    }

    /** Returns the block that has the bitmap of the group of a block. */
    long bitmap(long block) throws HoldfastException {
        return spacePath(block).getLast().block();
    }

    /** Returns the block that has the descriptor of the group of a block. */
    long descriptors(long block) throws HoldfastException {
        List<BlockPointer> path = spacePath(block);
        return path.get(path.size() - 2).block();
    }

    /** Changes a bitmap; its descriptor follows. */
    void bitmap(long block, Consumer<byte[]> change) throws HoldfastException {
        long group = block >>> groupLog2;
        byte[] bits = device.block(bitmap(block));
        int before = count(bits);
        change.accept(bits);
        BlockPointer written = put(bitmap(block), bits);
        int difference = count(bits) - before;
        descriptors(block, node -> {
            int at = descriptorAt(group);
            LittleEndian.putLong(node, at, written.checksum());
            LittleEndian.putShort(node, at + 16, LittleEndian.getUnsignedShort(node, at + 16) - difference);
        });
    }

    private static int count(byte[] bits) {
        int count = 0;
        for (byte b : bits) {
            count += Integer.bitCount(b & 0xff);
        }
        return count;
    }

    /** Changes the bytes of the descriptor of the group of a block. */
    void descriptor(long block, DescriptorChange change) throws HoldfastException {
        descriptors(block, node -> change.change(node, descriptorAt(block >>> groupLog2)));
    }

    /** A change of the descriptor that begins at {@code at}. */
    interface DescriptorChange {
        void change(byte[] node, int at);
    }

    private void descriptors(long block, Consumer<byte[]> change) throws HoldfastException {
        List<BlockPointer> path = spacePath(block);
        int depth = path.size() - 2;
        byte[] node = device.block(path.get(depth).block());
        change.accept(node);
        BlockPointer written = putTwice(path.get(depth).block(), node);
        for (int above = depth - 1; above >= 0; above--) {
            byte[] parent = device.block(path.get(above).block());
            int at = 16 * tableSlot(block >>> groupLog2, path.size() - 2 - above);
            LittleEndian.putLong(parent, at, word(written));
            LittleEndian.putLong(parent, at + 8, written.checksum());
            written = putTwice(path.get(above).block(), parent);
        }
        spaceRoot(written);
    }

    /** Blocks of the group table have a copy. */
    private BlockPointer putTwice(long block, byte[] content) {
        put(block + 2, content);
        return put(block, content);
    }

    /** Marks free blocks in use, and counts them, so that the volume opens for writing. */
    void leak(int blocks) throws HoldfastException {
        long free = freeBlock();
        for (int i = 0; i < blocks; i++) {
            flipSpaceBit(free - 3L * i);
        }
        superblock(
                bytes -> LittleEndian.putLong(bytes, ALLOCATED_AT, LittleEndian.getLong(bytes, ALLOCATED_AT) + blocks));
    }

    void flipSpaceBit(long block) throws HoldfastException {
        int bit = (int) (block & ((1L << groupLog2) - 1));
        bitmap(block, bits -> bits[bit / 8] ^= (byte) (1 << (bit % 8)));
    }

    /** Returns some block that the space map says is free. */
    long freeBlock() throws HoldfastException {
        byte[] leaf = device.block(bitmap(0));
        for (int block = (1 << groupLog2) - 1; block > 0; block--) {
            if ((leaf[block / 8] & 1 << (block % 8)) == 0 && layout().isAllocatable(block)) {
                return block;
            }
        }
        throw new IllegalStateException("no free block");
    }

    // ---- log ----

    /** Returns the records that a replay takes, payloads as they stand in the headers. */
    List<LogRecord> log() throws HoldfastException {
        List<LogRecord> records = new ArrayList<>();
        try (BufferPool buffers = new BufferPool(2, 64)) {
            LogReader reader =
                    new LogReader(new BlockStore(device), superblock().mark(), checksum, layout(), buffers);
            reader.scan(superblock().log(), (record, entries) -> records.add(record));
        }
        return Collections.unmodifiableList(records);
    }

    /**
     * Writes a record anew with other entries, and the headers behind it, whose chain it would break.
     *
     * @param index in {@link #log}
     */
    void logRecord(int index, UnaryOperator<List<LogEntry>> change) throws HoldfastException {
        List<LogRecord> records = log();
        long previous = records.get(index).previousChecksum();
        for (int i = index; i < records.size(); i++) {
            LogRecord r = records.get(i);
            byte[] header = new LogRecord(
                            r.volume(),
                            r.logId(),
                            r.sequence(),
                            r.durableThrough(),
                            r.block(),
                            r.twin(),
                            previous,
                            r.next(),
                            i == index ? change.apply(r.entries()) : r.entries())
                    .encode(checksum);
            previous = LogRecord.checksumOf(header);
            device.setBlock(r.block(), header.clone());
            LogRecord.becomeTwin(checksum, header);
            device.setBlock(r.twin(), header);
        }
    }
}
