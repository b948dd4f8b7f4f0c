package io.holdfast.format;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.error.HoldfastException;
import io.holdfast.fuzz.FuzzTarget;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;

/** A superblock: what is accepted survives being written and read again. */
public final class SuperblockFuzz implements FuzzTarget {
    @Override
    public void run(byte[] input) throws Exception {
        byte[] block = Arrays.copyOf(input, Block.SIZE);
        check(block);
        // Without a checksum that matches hardly anything gets further.
        Superblock.putChecksums(block);
        check(block);
    }

    private static void check(byte[] block) throws HoldfastException {
        long place = LittleEndian.getLong(block, 136);
        Superblock accepted;
        try {
            accepted = Superblock.decode(block, place, "fuzz");
        } catch (HoldfastException e) {
            return;
        }
        byte[] written = accepted.encode(place);
        assertThat(Superblock.decode(written, place, "fuzz")).isEqualTo(accepted);
        Layout layout = accepted.layout();
        for (int copy = 0; copy < layout.superblockCopies(); copy++) {
            long home = layout.superblock(copy, (int) (accepted.generation() % Layout.SUPERBLOCK_SLOTS));
            assertThat(home).isBetween(0L, accepted.blocks() - 1);
            assertThat(layout.isFixed(home)).isTrue();
        }
        // The next checkpoint's.
        assertThat(accepted.generation() + 1).isPositive();
        assertThat(accepted.log().sequence() + 1).isPositive();
    }

    @Override
    public List<byte[]> seeds() {
        Superblock fresh = new Superblock(
                1,
                Features.NONE,
                new UUID(1, 2),
                "label",
                Superblock.MIN_BLOCKS,
                Layout.GROUP_LOG2_MIN,
                2,
                new TreeRoot(new BlockPointer(100, 5), 300),
                new BlockPointer(2, 6),
                LogPosition.unplaced(1, 7),
                4,
                0,
                0,
                0,
                true,
                false,
                Superblock.nothingLater());
        Superblock open = new Superblock(
                2,
                new Features(0, 1, 2),
                new UUID(3, 4),
                "",
                Superblock.MAX_BLOCKS,
                Layout.GROUP_LOG2,
                1000,
                TreeRoot.NONE,
                BlockPointer.NONE,
                new LogPosition(200, 201, 77, 8, 9, 190, 300, 400, 500),
                4000,
                1L << 40,
                1 << 20,
                5000,
                false,
                false,
                Superblock.nothingLater());
        return List.of(fresh.encode(0), open.encode(1));
    }
}
