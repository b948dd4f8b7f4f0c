package io.holdfast.check;

import static io.holdfast.check.PlantedVolume.UNWRITTEN_BLOCKS;
import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.MemoryDevice;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Layout;
import io.holdfast.format.LittleEndian;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Damage planted in copies of the superblock, and in what all of them say. */
class PlantedSuperblockDamageTest extends PlantedDamage {
    @ParameterizedTest
    @CsvSource({"0,0", "0,1", "1,0", "1,1", "2,0", "2,1", "3,0", "3,1"})
    void aFlippedBit(int copy, int slot) throws Exception {
        long block = planter.layout().superblock(copy, slot);
        flip(block);
        if (copy == 0) {
            // The planter reads copy 0.
            assertFoundAlone("superblock", block, "superblock in block " + block);
        } else {
            assertFound("superblock", block, "superblock in block " + block);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void aCopyThatWasNotWritten(int copy) throws Exception {
        long generation = planter.superblock().generation();
        int slot = (int) (generation % Layout.SUPERBLOCK_SLOTS);
        planter.superblock(copy, slot, bytes -> LittleEndian.putLong(bytes, 120, generation - 2));
        assertFound("superblock", planter.layout().superblock(copy, slot), "a write was lost");
    }

    @ParameterizedTest
    @ValueSource(ints = {48, 152, 168, 200, 256, 264})
    void aCopyThatSaysSomethingElse(int at) throws Exception {
        int slot = (int) (planter.superblock().generation() % Layout.SUPERBLOCK_SLOTS);
        planter.superblock(2, slot, bytes -> bytes[at] ^= 1);
        assertFound("superblock", planter.layout().superblock(2, slot), "differs from the other copies");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 8, 12, 16, 128, 129, 136, 112})
    void aCopyThatIsNone(int at) throws Exception {
        int slot = (int) (planter.superblock().generation() % Layout.SUPERBLOCK_SLOTS);
        planter.superblock(3, slot, bytes -> bytes[at] ^= 0x40);
        assertFound("superblock", planter.layout().superblock(3, slot), "");
    }

    @Test
    void aWrongCountOfAllocatedBlocks() throws Exception {
        long allocated = planter.superblock().allocatedBlocks();
        planter.superblock(bytes -> LittleEndian.putLong(bytes, 256, allocated + 1));
        assertFound(
                "superblock", NO_BLOCK, "counts %d allocated blocks, there are %d".formatted(allocated + 1, allocated));
    }

    @Test
    void aWrongCountOfUnwrittenBlocks() throws Exception {
        planter.superblock(bytes -> LittleEndian.putLong(bytes, 264, 7));
        assertFound("superblock", NO_BLOCK, "counts 7 unwritten blocks, there are " + UNWRITTEN_BLOCKS);
    }

    @Test
    void aLogThatCannotBeThere() throws Exception {
        planter.superblock(bytes -> LittleEndian.putLong(bytes, 192, 1L << 40));
        assertFound("superblock", NO_BLOCK, "the log goes on in block " + (1L << 40));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, PlantedVolume.BLOCKS - 1, PlantedVolume.BLOCKS, 1L << 50, -1, Long.MIN_VALUE})
    void aRootThatCannotBeThere(long block) throws Exception {
        planter.treeRoot(new BlockPointer(block, 1));
        assertFoundAlone("tree node", block, "block " + block);
    }

    @Test
    void anEmptyTree() throws Exception {
        planter.treeRoot(BlockPointer.NONE);
        assertFoundAlone("inode", NO_BLOCK, "has no record");
    }

    @Test
    void aDeviceThatHasGrown() throws Exception {
        MemoryDevice grown = new MemoryDevice("image", PlantedVolume.BLOCKS + 1000);
        for (long block = 0; block < PlantedVolume.BLOCKS; block++) {
            grown.setBlock(block, device.block(block));
        }
        assertThat(PlantedVolume.check(grown).problems()).isEmpty();
        long copy = planter.layout().superblock(3, 0);
        grown.flipBit(copy, 99);
        assertThat(PlantedVolume.check(grown).problems())
                .singleElement()
                .matches(p -> p.structure().equals("superblock") && p.block() == copy);
    }
}
