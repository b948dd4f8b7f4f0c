package io.holdfast.check;

import io.holdfast.btree.BTree;
import io.holdfast.btree.LostKeys;
import io.holdfast.checksum.Checksum;
import io.holdfast.checksum.Checksums;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Item;
import io.holdfast.format.LittleEndian;
import io.holdfast.format.LogRecord;
import io.holdfast.fuzz.FuzzInput;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads patches of a volume's image from an input and applies them: to plain blocks, or to structures, with everything
 * above them checksummed anew.
 *
 * <pre>
 *   kind u8 (see {@link Kind}), which u16, at u16, bytes u8 (1 to 16, modulo), the bytes
 *   kind ITEM_PUT: at is the inode, which the item's type; then suffix length u8, suffix, value length u16, value
 * </pre>
 */
final class VolumePatches {
    static final int PATCHES_MAX = 12;
    private static final int BYTES_MAX = 16;

    /** What a patch changes. */
    enum Kind {
        BLOCK,
        SUPERBLOCK,
        SUPERBLOCK_COPY,
        TREE_NODE,
        ITEM_VALUE,
        ITEM_PUT,
        ITEM_REMOVAL,
        MAP_NODE,
        SPACE_NODE,
        LOG_HEADER
    }

    private final PlantedVolume volume;
    private final List<byte[]> keys;
    private final List<Long> blocks;

    VolumePatches(PlantedVolume volume) throws HoldfastException {
        this.volume = volume;
        Planter planter = new Planter(volume.closed);
        List<byte[]> found = new ArrayList<>();
        BTree.walk(
                (pointer, structure) -> volume.closed.block(pointer.block()),
                planter.superblock().treeRoot(),
                new BTree.Visitor() {
                    @Override
                    public void node(BlockPointer pointer, int level) {}

                    @Override
                    public void item(Item item) {
                        found.add(item.key());
                    }

                    @Override
                    public void lost(LostKeys lost, @Nullable HoldfastException why) {
                        throw new IllegalStateException(why);
                    }

                    @Override
                    public void problem(BlockPointer pointer, HoldfastException problem) {
                        throw new IllegalStateException(problem);
                    }
                });
        keys = List.copyOf(found);
        blocks = volume.crashed.storedBlockNumbers();
    }

    List<byte[]> keys() {
        return keys;
    }

    /** Applies as many patches as the input has, up to a bound. Those that hit what an earlier one broke do nothing. */
    void apply(FuzzInput in, MemoryDevice device) {
        for (int i = 0; i < PATCHES_MAX && in.hasMore(); i++) {
            Kind kind = Kind.values()[in.u8() % Kind.values().length];
            int which = in.u16();
            int at = in.u16();
            try {
                Planter planter = new Planter(device);
                if (kind == Kind.ITEM_PUT) {
                    byte[] key = PlantedVolume.key(at, which, in.bytes(in.u8()));
                    planter.item(key, in.bytes(in.u16() % Item.VALUE_MAX));
                } else {
                    byte[] bytes = in.bytes(1 + in.u8() % BYTES_MAX);
                    patch(planter, device, kind, which, at, bytes);
                }
            } catch (HoldfastException | RuntimeException e) {
                // The planter believes what it reads, and an earlier patch may have broken that.
            }
        }
    }

    private void patch(Planter planter, MemoryDevice device, Kind kind, int which, int at, byte[] bytes)
            throws HoldfastException {
        byte[] key = keys.get(which % keys.size());
        switch (kind) {
            case BLOCK -> {
                long block = blocks.get(which % blocks.size());
                byte[] content = device.block(block);
                put(content, at, bytes);
                device.setBlock(block, content);
            }
            case SUPERBLOCK -> planter.superblock(block -> put(block, at, bytes));
            case SUPERBLOCK_COPY ->
                planter.superblock(
                        which % planter.layout().superblockCopies(), which >> 2 & 1, block -> put(block, at, bytes));
            case TREE_NODE -> planter.treeNode(key, (at >> 12) % planter.treeHeight(), node -> put(node, at, bytes));
            case ITEM_VALUE -> planter.value(key, value -> put(value, at, bytes));
            case ITEM_REMOVAL -> planter.remove(key);
            case MAP_NODE -> {
                long inode = (which & 1) == 0 ? volume.data : volume.raw;
                planter.mapNode(inode, which >> 2 & 0x1ff, 1 + (which >> 1 & 1), node -> put(node, at, bytes));
            }
            case SPACE_NODE -> {
                if ((which & 1) == 0) {
                    planter.bitmap(which, node -> put(node, at, bytes));
                } else {
                    planter.descriptor(which, (node, start) -> put(node, start + at % 32, bytes));
                }
            }
            case LOG_HEADER -> logHeader(planter, device, which, at, bytes);
            case ITEM_PUT -> throw new IllegalArgumentException("has a form of its own");
        }
    }

    private static void put(byte[] to, int at, byte[] bytes) {
        for (int i = 0; i < bytes.length && to.length > 0; i++) {
            to[(at + i) % to.length] = bytes[i];
        }
    }

    /** Patches one header; it and those behind it prove themselves and the chain again. */
    private static void logHeader(Planter planter, MemoryDevice device, int which, int at, byte[] bytes)
            throws HoldfastException {
        Checksum checksum = Checksums.byId(planter.superblock().checksumId());
        List<LogRecord> records = planter.log();
        int first = which % records.size();
        long previous = records.get(first).previousChecksum();
        for (LogRecord record : records.subList(first, records.size())) {
            byte[] header = device.block(record.block());
            LittleEndian.putLong(header, 40, previous);
            if (record == records.get(first)) {
                put(header, at, bytes);
            }
            previous = checksum.of(MemorySegment.ofArray(header), 0, Block.SIZE - 8);
            LittleEndian.putLong(header, Block.SIZE - 8, previous);
            device.setBlock(record.block(), header.clone());
            LogRecord.becomeTwin(checksum, header);
            device.setBlock(record.twin(), header);
        }
    }
}
