package io.holdfast.space;

import io.holdfast.checksum.Checksum;
import io.holdfast.device.BlockBuffer;
import io.holdfast.device.BufferPool;
import io.holdfast.device.Device;
import io.holdfast.device.SealedBuffer;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Layout;
import io.holdfast.format.LittleEndian;
import io.holdfast.node.NodeReader;
import java.util.function.LongConsumer;

/**
 * The space map on the device: a bit for each block, set for exactly the blocks that the checkpoint's trees reach. The
 * log and the fixed structures are not in it.
 *
 * <p>{@link Layout} has the layout and the homes. A missing node (pointer 0) means that everything below is free. An
 * update refuses to set a set bit or clear a clear one: the trees and the map disagree, and writing on would make it
 * worse.
 */
public final class SpaceMap {
    private static final String STRUCTURE = "space map";

    private final Layout layout;
    private final Device device;
    private final Checksum checksum;
    private final NodeReader reader;
    private final BufferPool buffers;

    public SpaceMap(Layout layout, Device device, Checksum checksum, NodeReader reader, BufferPool buffers) {
        this.layout = layout;
        this.device = device;
        this.checksum = checksum;
        this.reader = reader;
        this.buffers = buffers;
    }

    /** An allocation as an element of the array for {@link #update}. */
    public static long allocated(long block) {
        return block << 1 | 1;
    }

    /** A freed block as an element of the array for {@link #update}. */
    public static long freed(long block) {
        return block << 1;
    }

    /** Learns of a damaged node. */
    public interface Damage {
        /**
         * Takes note of a damaged node. Unless this throws, loading goes on without the blocks that the node covers.
         *
         * @param first the first block whose bit is left out
         * @param count of blocks left out, 0 if only one impossible bit is left out
         */
        void node(BlockPointer pointer, long first, long count, HoldfastException why) throws HoldfastException;
    }

    /** Calls {@code allocated} for every block whose bit is set, in ascending order. */
    public void load(BlockPointer root, LongConsumer allocated, Damage damage) throws HoldfastException {
        load(layout.spaceMapLevels() - 1, 0, root, allocated, damage);
    }

    private void load(int level, long index, BlockPointer pointer, LongConsumer allocated, Damage damage)
            throws HoldfastException {
        if (pointer.isNone()) {
            return;
        }
        byte[] node;
        try {
            node = read(level, index, pointer);
        } catch (HoldfastException e) {
            long span = span(level);
            damage.node(pointer, index * span, Math.min(span, layout.blocks() - index * span), e);
            return;
        }
        if (level == 0) {
            for (int word = 0; word < Block.SIZE / 8; word++) {
                long bits = LittleEndian.getLong(node, word * 8);
                while (bits != 0) {
                    long block = index * Layout.BITS_PER_LEAF + word * 64L + Long.numberOfTrailingZeros(bits);
                    bits &= bits - 1;
                    if (layout.isAllocatable(block)) {
                        allocated.accept(block);
                    } else {
                        damage.node(
                                pointer,
                                block,
                                0,
                                new HoldfastException(
                                        ErrorCode.DAMAGED,
                                        "%s: space map node in block %d is damaged: it claims block %d, which is never allocated"
                                                .formatted(device.name(), pointer.block(), block)));
                    }
                }
            }
            return;
        }
        for (int slot = 0; slot < Layout.INDEX_FANOUT; slot++) {
            long child = index * Layout.INDEX_FANOUT + slot;
            BlockPointer childPointer = pointerAt(node, slot);
            if (child < layout.spaceMapWidth(level - 1)) {
                load(level - 1, child, childPointer, allocated, damage);
            }
        }
    }

    /**
     * Writes each changed node to its free home and returns the new root. Nothing points to the new nodes until a
     * superblock does.
     *
     * @param changes elements made by {@link #allocated} and {@link #freed}, ascending; a block that has both came into
     *     the trees and left them again, and does not change
     */
    public BlockPointer update(BlockPointer root, long[] changes) throws HoldfastException {
        if (changes.length == 0) {
            return root;
        }
        for (long change : changes) {
            if (!layout.isAllocatable(change >>> 1)) {
                throw new HoldfastException(
                        ErrorCode.DAMAGED,
                        "%s: the trees hold or let go of block %d, which is never allocated; run check"
                                .formatted(device.name(), change >>> 1));
            }
        }
        return update(layout.spaceMapLevels() - 1, 0, root, changes, 0, changes.length);
    }

    private BlockPointer update(int level, long index, BlockPointer pointer, long[] changes, int from, int to)
            throws HoldfastException {
        byte[] node = pointer.isNone()
                ? new byte[Block.SIZE]
                : read(level, index, pointer).clone();
        if (level == 0) {
            applyBits(node, index, changes, from, to);
        } else {
            long span = span(level - 1);
            int at = from;
            while (at < to) {
                long child = (changes[at] >>> 1) / span;
                int end = at;
                while (end < to && (changes[end] >>> 1) / span == child) {
                    end++;
                }
                int slot = (int) (child - index * Layout.INDEX_FANOUT);
                BlockPointer updated = update(level - 1, child, pointerAt(node, slot), changes, at, end);
                LittleEndian.putLong(node, slot * 16, updated.block());
                LittleEndian.putLong(node, slot * 16 + 8, updated.checksum());
                at = end;
            }
        }
        long home = layout.spaceMapHome(level, index, 0);
        if (pointer.block() == home) {
            home = layout.spaceMapHome(level, index, 1);
        }
        return write(home, node);
    }

    /** Returns how many blocks a node of a level covers. */
    private static long span(int level) {
        long span = Layout.BITS_PER_LEAF;
        for (int l = 0; l < level; l++) {
            span *= Layout.INDEX_FANOUT;
        }
        return span;
    }

    private void applyBits(byte[] node, long index, long[] changes, int from, int to) throws HoldfastException {
        for (int i = from; i < to; i++) {
            long block = changes[i] >>> 1;
            if (i + 1 < to && changes[i + 1] >>> 1 == block && changes[i] != changes[i + 1]) {
                i++;
                continue;
            }
            boolean allocate = (changes[i] & 1) != 0;
            int bit = (int) (block - index * Layout.BITS_PER_LEAF);
            int at = bit >>> 6 << 3;
            long mask = 1L << (bit & 63);
            long word = LittleEndian.getLong(node, at);
            if ((word & mask) != 0 == allocate) {
                throw new HoldfastException(
                        ErrorCode.DAMAGED,
                        "%s: space map and trees disagree: block %d is %s already; run check"
                                .formatted(device.name(), block, allocate ? "allocated" : "free"));
            }
            LittleEndian.putLong(node, at, word ^ mask);
        }
    }

    private BlockPointer write(long home, byte[] node) throws HoldfastException {
        BlockBuffer buffer = buffers.take();
        buffer.copy(0, node);
        SealedBuffer sealed = buffer.seal(1);
        try {
            device.write(home, sealed);
        } finally {
            sealed.release();
        }
        return new BlockPointer(home, checksum.of(node));
    }

    private byte[] read(int level, long index, BlockPointer pointer) throws HoldfastException {
        if (pointer.block() != layout.spaceMapHome(level, index, 0)
                && pointer.block() != layout.spaceMapHome(level, index, 1)) {
            throw new HoldfastException(
                    ErrorCode.DAMAGED,
                    "%s: space map is damaged: node %d of level %d cannot be in block %d"
                            .formatted(device.name(), index, level, pointer.block()));
        }
        return reader.read(pointer, STRUCTURE);
    }

    private static BlockPointer pointerAt(byte[] node, int slot) {
        return new BlockPointer(LittleEndian.getLong(node, slot * 16), LittleEndian.getLong(node, slot * 16 + 8));
    }
}
