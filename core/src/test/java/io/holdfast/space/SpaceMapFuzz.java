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

/** The space map: loaded and changed. The input chooses a size and patches its blocks; no checksum is in the way. */
public final class SpaceMapFuzz implements FuzzTarget {
    /** One group and a part of one; many; a table of two levels. Groups have 128 blocks. */
    private static final long[] SIZES = {600, 6000, 128 * 300L - 5};

    private static final int GENERATION = 9;
    private static final BufferPool BUFFERS = new BufferPool(1, 1);

    @Override
    public void run(byte[] input) throws Exception {
        FuzzInput in = new FuzzInput(input);
        Layout layout = new Layout(SIZES[in.u8() % SIZES.length], Layout.GROUP_LOG2_MIN);
        long changed = Math.floorMod(in.u64(), layout.blocks());
        MemoryDevice device = new MemoryDevice("fuzz", layout.blocks());
        int top = layout.tableLevels() - 1;
        BlockPointer root = new BlockPointer(layout.tableHome(top, 0, in.u8() & 1), 0);
        while (in.hasMore()) {
            int kind = in.u8() % (layout.tableLevels() + 1);
            long index = in.u16();
            int which = in.u8() & 1;
            long home = kind == 0
                    ? layout.bitmapHome(index % layout.groups(), which)
                    : layout.tableHome(kind - 1, index % layout.tableWidth(kind - 1), which);
            byte[] node = device.block(home);
            LittleEndian.putLong(node, in.u16() % 512 * 8, in.u64());
            device.setBlock(home, node);
        }
        SpaceMap map = map(layout, device);
        boolean[] damaged = new boolean[1];
        BitSet before = load(map, layout, root, damaged);
        boolean was = before.get((int) changed);
        BlockList list = new BlockList(layout);
        list.add(changed);
        BlockList none = new BlockList(layout);
        try {
            SpaceMap.Update update = map.update(was ? none : list, was ? list : none, GENERATION + 1);
            assertThat(layout.isAllocatable(changed)).isTrue();
            if (!damaged[0] && update.filled().isEmpty() && update.kept().isEmpty()) {
                before.flip((int) changed);
                assertThat(load(map(layout, device), layout, update.root(), damaged))
                        .isEqualTo(before);
            }
        } catch (HoldfastException e) {
            // Refused.
        }
    }

    private static SpaceMap map(Layout layout, MemoryDevice device) throws HoldfastException {
        return new SpaceMap(
                layout, device, Checksums.byId(1), (pointer, structure) -> device.block(pointer.block()), BUFFERS);
    }

    private static BitSet load(SpaceMap map, Layout layout, BlockPointer root, boolean[] damaged)
            throws HoldfastException {
        BitSet allocated = new BitSet();
        SpaceMap.Damage damage = (pointer, first, count, why) -> {
            damaged[0] = true;
            assertThat(first).isBetween(0L, Long.MAX_VALUE - count);
        };
        map.load(root, GENERATION + 1, damage);
        map.forEachGroup(
                0,
                Long.MAX_VALUE,
                (group, bits) -> {
                    for (int i = 0; i < bits.length * 64; i++) {
                        if ((bits[i >>> 6] & 1L << i) != 0) {
                            long block = layout.groupStart(group) + i;
                            assertThat(layout.isAllocatable(block)).isTrue();
                            allocated.set((int) block);
                        }
                    }
                },
                damage);
        return allocated;
    }

    @Override
    public List<byte[]> seeds() {
        return List.of(
                new FuzzOutput().u8(0).u64(100).u8(0).done(),
                // The descriptor of group 0: a bitmap with one block, 100 free.
                new FuzzOutput()
                        .u8(0)
                        .u64(100)
                        .u8(0)
                        .u8(1)
                        .u16(0)
                        .u8(0)
                        .u16(2)
                        .u64(0x0001_0064_0063L)
                        .u8(1)
                        .u16(0)
                        .u8(0)
                        .u16(3)
                        .u64(3)
                        .u8(0)
                        .u16(0)
                        .u8(0)
                        .u16(1)
                        .u64(1)
                        .done(),
                // A pointer from the upper level to the descriptors of the second 128 groups.
                new FuzzOutput()
                        .u8(2)
                        .u64(128 * 200)
                        .u8(1)
                        .u8(2)
                        .u16(0)
                        .u8(1)
                        .u16(2)
                        .u64(4L << 44 | 128 * 128 + 6)
                        .done());
    }
}
