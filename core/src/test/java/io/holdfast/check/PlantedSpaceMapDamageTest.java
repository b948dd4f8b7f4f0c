package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.holdfast.device.MemoryDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.LittleEndian;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.Volume;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Damage planted in the space map. Nothing but writing needs it. */
class PlantedSpaceMapDamageTest extends PlantedDamage {
    @Test
    void aFlippedBitInABitmap() throws Exception {
        long block = planter.bitmap(0);
        flip(block);
        assertFound("space map", block, "space map in block " + block + " is damaged");
        assertReadable();
    }

    @Test
    void aFlippedBitInTheGroupTable() throws Exception {
        long block = planter.descriptors(0);
        flipBoth(block);
        assertThat(assertFoundAlone("space map", block, "space map in block " + (block + 2) + " is damaged")
                        .problems())
                .hasSize(1);
        assertFound("space map", block, "space map in block " + (block + 2) + " is damaged");
        assertReadableAndNotWritable();
    }

    /** Either of both copies has all. */
    @ParameterizedTest
    @ValueSource(ints = {0, 2})
    void oneOfTwoCopiesOfTheGroupTable(int behind) throws Exception {
        long block = planter.descriptors(0) + behind;
        flip(block);
        assertThat(assertFoundAlone("space map", block, "the other of two copies is whole")
                        .problems())
                .hasSize(1);
        MemoryDevice mended = device.copy();
        try (Volume opened = PlantedVolume.openReadWrite(mended)) {
            assertThat(opened.damage().isEmpty()).isEqualTo(behind == 2);
            for (int i = 0; i < 2; i++) {
                opened.mkdir("/new" + i, CreateOptions.directory());
                opened.checkpoint();
            }
        }
        assertThat(PlantedVolume.check(mended).problems()).isEmpty();
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
        planter.bitmap(0, leaf -> leaf[0] |= 1);
        assertFound("space map", planter.bitmap(0), "claims block 0, which is never allocated");
    }

    @Test
    void aBitBehindTheEndOfTheVolume() throws Exception {
        long last = PlantedVolume.BLOCKS - 1;
        planter.descriptor(last, (node, at) -> LittleEndian.putShort(node, at + 20, 1));
        planter.descriptor(last, (node, at) -> LittleEndian.putShort(node, at + 16, 1650));
        planter.descriptor(last, (node, at) -> LittleEndian.putShort(node, at + 18, 1));
        planter.descriptor(last, (node, at) -> LittleEndian.putLong(node, at + 24, 1));
        planter.bitmap(last, bits -> bits[4095] = 1);
        assertFound("space map", planter.bitmap(last), "which is never allocated");
    }

    @Test
    void aRootInAnotherHome() throws Exception {
        long other = planter.layout().bitmapHome(1, 0);
        device.setBlock(other, device.block(planter.descriptors(0)));
        planter.superblock(
                bytes -> LittleEndian.putLong(bytes, 176, LittleEndian.getLong(bytes, 176) & -1L << 44 | other));
        assertFound("space map", other, "cannot be in block " + other);
        assertReadableAndNotWritable();
    }

    /** Each field of a descriptor that cannot be as it is. */
    @ParameterizedTest
    @CsvSource({
        "8, 1, counts that no version of today writes",
        "16, 40000, more free blocks than there are",
        "18, 40000, a run longer than all that is free",
        "18, 0, free blocks without a run",
        "20, 5, a flag of the future",
        "20, 0, something although there is no bitmap",
        "22, 1, reserved bytes",
        "24, 0, no generation",
        "30, 1, a generation of the future",
    })
    void aDescriptorThatCannotBe(int at, int value, String what) throws Exception {
        planter.descriptor(0, (node, start) -> LittleEndian.putShort(node, start + at, value));
        long block = planter.superblock().spaceRoot().block();
        assertFound("space map", block, "the descriptor of group 0 in block %d cannot be".formatted(block));
        assertReadableAndNotWritable();
    }

    @Test
    void aDescriptorThatCountsWrongly() throws Exception {
        planter.descriptor(
                0,
                (node, at) -> LittleEndian.putShort(node, at + 16, LittleEndian.getUnsignedShort(node, at + 16) - 1));
        assertFound("space map", planter.bitmap(0), "allocated blocks, its descriptor says");
        assertReadableAndNotWritable();
    }

    @Test
    void noBitmap() throws Exception {
        long used = planter.data(volume.canary, 0);
        planter.descriptor(0, (node, at) -> Arrays.fill(node, at, at + 32, (byte) 0));
        assertFound("space map", used, "block %d is in use and marked free".formatted(used));
        assertReadableAndNotWritable();
    }

    @Test
    void theRestIsComparedBesideADamagedBitmap() throws Exception {
        flip(planter.bitmap(0));
        long leaked = (1L << 15) + 800;
        planter.descriptor(leaked, (node, at) -> {
            LittleEndian.putShort(node, at + 16, planter.layout().usable(1));
            LittleEndian.putShort(node, at + 18, 1);
            LittleEndian.putShort(node, at + 20, 1);
            LittleEndian.putLong(node, at + 24, 1);
        });
        device.setBlock(planter.layout().bitmapHome(1, 0), new byte[4096]);
        planter.flipSpaceBit(leaked);
        assertFound("space map", leaked, "block %d is marked in use and nothing points there".formatted(leaked));
    }

    private void assertReadable() throws Exception {
        device.flipBit(planter.data(volume.canary, 0), 9);
        try (Volume opened = PlantedVolume.openReadOnly(device.copy())) {
            PlantedVolume.assertReadable(opened);
        }
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
