package io.holdfast.space;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.checksum.Checksums;
import io.holdfast.device.BufferPool;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Layout;
import io.holdfast.format.LittleEndian;
import io.holdfast.fuzz.FuzzInput;
import io.holdfast.fuzz.FuzzOutput;
import io.holdfast.fuzz.FuzzTarget;
import java.util.BitSet;
import java.util.List;

/** The space map: loaded and changed. The input chooses a size and patches its nodes; no checksum is in the way. */
public final class SpaceMapFuzz implements FuzzTarget {
    /** One leaf; a level of index nodes; two of them. */
    private static final long[] SIZES = {4096, 70_000, 300L * Layout.BITS_PER_LEAF - 5};

    private static final BufferPool BUFFERS = new BufferPool(1, 1);

    @Override
    public void run(byte[] input) throws Exception {
        FuzzInput in = new FuzzInput(input);
        Layout layout = new Layout(SIZES[in.u8() % SIZES.length]);
        long changed = Math.floorMod(in.u64(), layout.blocks());
        MemoryDevice device = new MemoryDevice("fuzz", layout.blocks());
        int top = layout.spaceMapLevels() - 1;
        BlockPointer root = new BlockPointer(layout.spaceMapHome(top, 0, in.u8() & 1), 0);
        while (in.hasMore()) {
            int level = in.u8() % layout.spaceMapLevels();
            long home = layout.spaceMapHome(level, in.u16() % layout.spaceMapWidth(level), in.u8() & 1);
            byte[] node = device.block(home);
            LittleEndian.putLong(node, in.u16() % 512 * 8, in.u64());
            device.setBlock(home, node);
        }
        SpaceMap map = new SpaceMap(
                layout, device, Checksums.byId(1), (pointer, structure) -> device.block(pointer.block()), BUFFERS);
        BitSet before = load(map, layout, root);
        boolean was = before.get((int) changed);
        long change = was ? SpaceMap.freed(changed) : SpaceMap.allocated(changed);
        try {
            BlockPointer next = map.update(root, new long[] {change});
            before.flip((int) changed);
            assertThat(layout.isAllocatable(changed)).isTrue();
            assertThat(load(map, layout, next)).isEqualTo(before);
        } catch (HoldfastException e) {
            // Refused.
        }
    }

    private static BitSet load(SpaceMap map, Layout layout, BlockPointer root) throws HoldfastException {
        BitSet allocated = new BitSet();
        map.load(
                root,
                block -> {
                    assertThat(layout.isAllocatable(block)).isTrue();
                    assertThat(allocated.length()).isLessThanOrEqualTo((int) block);
                    allocated.set((int) block);
                },
                (pointer, first, count, why) -> {
                    assertThat(first).isBetween(0L, Long.MAX_VALUE - count);
                });
        return allocated;
    }

    @Override
    public List<byte[]> seeds() {
        Layout middle = new Layout(SIZES[1]);
        Layout large = new Layout(SIZES[2]);
        return List.of(
                new FuzzOutput()
                        .u8(0)
                        .u64(1000)
                        .u8(0)
                        .u8(0)
                        .u16(0)
                        .u8(0)
                        .u16(15)
                        .u64(-1)
                        .done(),
                pointer(new FuzzOutput().u8(1).u64(40_000).u8(0), 1, 0, 2, middle.spaceMapHome(0, 1, 0))
                        .u8(0)
                        .u16(1)
                        .u8(0)
                        .u16(100)
                        .u64(0xff)
                        .done(),
                pointer(
                                pointer(
                                        new FuzzOutput().u8(2).u64(290L * 32768).u8(1),
                                        2,
                                        1,
                                        2,
                                        large.spaceMapHome(1, 1, 0)),
                                1,
                                0,
                                4,
                                large.spaceMapHome(0, 258, 1))
                        .done());
    }

    /** Adds a patch that makes one word of a node a block number. */
    private static FuzzOutput pointer(FuzzOutput out, int level, int which, int word, long block) {
        return out.u8(level).u16(level == 1 ? 1 : 0).u8(which).u16(word).u64(block);
    }
}
