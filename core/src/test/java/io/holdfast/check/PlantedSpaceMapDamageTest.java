package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.holdfast.checksum.Checksums;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Layout;
import io.holdfast.format.LittleEndian;
import io.holdfast.volume.Volume;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Damage planted in the space map. Nothing but writing needs it. */
class PlantedSpaceMapDamageTest extends PlantedDamage {
    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void aFlippedBit(int level) throws Exception {
        long block = planter.spaceNode(0, level);
        flip(block);
        assertFound("space map", block, "space map in block " + block + " is damaged");
        assertReadableAndNotWritable();
    }

    @Test
    void aBitForABlockThatNothingUses() throws Exception {
        long free = planter.freeBlock();
        planter.flipSpaceBit(free);
        assertFound("space map", free, "block %d is marked in use and nothing points there".formatted(free));
        assertReadableAndNotWritable();
    }

    @Test
    void noBitForABlockInUse() throws Exception {
        long used = planter.data(volume.data, 0);
        planter.flipSpaceBit(used);
        assertFound("space map", used, "block %d is in use and marked free".formatted(used));
        assertReadableAndNotWritable();
    }

    @Test
    void aBitMovedFromOneBlockToAnother() throws Exception {
        long used = planter.data(volume.data, 0);
        planter.flipSpaceBit(used);
        planter.flipSpaceBit(planter.freeBlock());
        assertFound("space map", used, "block %d is in use and marked free".formatted(used));
    }

    @Test
    void aBitForASuperblock() throws Exception {
        long node = planter.spaceNode(0, 0);
        planter.spaceNode(0, 0, leaf -> leaf[0] |= 1);
        assertFound("space map", node, "claims block 0, which is never allocated");
        assertReadableAndNotWritable();
    }

    @Test
    void aNodeInAnotherHome() throws Exception {
        long other = planter.layout().spaceMapHome(0, 1, 0);
        device.setBlock(other, device.block(planter.spaceNode(0, 0)));
        planter.spaceNode(0, 1, node -> LittleEndian.putLong(node, 0, other));
        assertFound("space map", other, "cannot be in block " + other);
        assertReadableAndNotWritable();
    }

    @Test
    void aPointerOutOfTheVolume() throws Exception {
        planter.spaceNode(0, 1, node -> LittleEndian.putLong(node, 16, 1L << 60));
        assertFound("space map", 1L << 60, "cannot be in block " + (1L << 60));
        assertReadableAndNotWritable();
    }

    @Test
    void noPointer() throws Exception {
        long used = planter.data(volume.canary, 0);
        planter.spaceNode(0, 1, node -> LittleEndian.putLong(node, 0, 0));
        assertFound("space map", used, "block %d is in use and marked free".formatted(used));
    }

    @Test
    void theRestIsComparedBesideADamagedNode() throws Exception {
        flip(planter.spaceNode(0, 0));
        planter.spaceNode(0, 1, node -> {
            // A second leaf, with one bit that nothing uses.
            byte[] leaf = new byte[4096];
            leaf[100] = 1;
            long home = planter.layout().spaceMapHome(0, 1, 0);
            device.setBlock(home, leaf);
            LittleEndian.putLong(node, 16, home);
            LittleEndian.putLong(node, 24, Checksums.superblock().of(leaf));
        });
        long leaked = Layout.BITS_PER_LEAF + 800;
        assertFound("space map", leaked, "block %d is marked in use and nothing points there".formatted(leaked));
    }

    private void assertReadableAndNotWritable() throws Exception {
        device.flipBit(planter.data(volume.canary, 0), 9);
        try (Volume opened = PlantedVolume.openReadOnly(device.copy())) {
            assertThat(opened.recovery().problems()).anyMatch(problem -> problem.contains("space map"));
            PlantedVolume.assertReadable(opened);
        }
        assertThatExceptionOfType(HoldfastException.class)
                .isThrownBy(() -> PlantedVolume.openReadWrite(device.copy()))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.DAMAGED))
                .withMessageContaining("space map")
                .withMessageContaining("open it read-only");
    }
}
