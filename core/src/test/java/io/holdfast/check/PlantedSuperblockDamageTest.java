package io.holdfast.check;

import static io.holdfast.check.PlantedVolume.UNWRITTEN_BLOCKS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.holdfast.device.FaultDevice;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Layout;
import io.holdfast.format.LittleEndian;
import io.holdfast.format.Superblock;
import io.holdfast.volume.Progress;
import io.holdfast.volume.Volume;
import java.util.UUID;
import java.util.function.Consumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Damage planted in copies of the superblock, and in what all of them say. */
class PlantedSuperblockDamageTest extends PlantedDamage {
    @ParameterizedTest
    @CsvSource({"0,0", "0,1", "1,0", "1,1", "2,0", "2,1"})
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
    @ValueSource(ints = {1, 2})
    void aCopyThatWasNotWritten(int copy) throws Exception {
        PlantedVolume.openReadWrite(device).close();
        use(device);
        long generation = planter.superblock().generation();
        int slot = (int) (generation % Layout.SUPERBLOCK_SLOTS);
        planter.superblock(copy, slot, bytes -> LittleEndian.putLong(bytes, 128, generation - 4));
        assertFound("superblock", planter.layout().superblock(copy, slot), "a write was lost");
    }

    /** A crash can come while closing writes the last superblock. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void aCopyThatACrashKeptFromTheNewest(int copy) throws Exception {
        Superblock newest = planter.superblock();
        assertThat(newest.clean()).isTrue();
        int slot = (int) (newest.generation() % Layout.SUPERBLOCK_SLOTS);
        planter.superblock(copy, slot, bytes -> LittleEndian.putLong(bytes, 128, newest.generation() - 2));
        assertThat(PlantedVolume.check(device).problems()).isEmpty();
        try (Volume opened = PlantedVolume.openReadWrite(device)) {
            assertThat(opened.recovery().problems()).isEmpty();
            assertThat(opened.check(Progress.NONE).problems()).isEmpty();
        }
        assertThat(PlantedVolume.check(device).problems()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {40, 56, 168, 184, 200, 256, 264, 272})
    void aCopyThatSaysSomethingElse(int at) throws Exception {
        int slot = (int) (planter.superblock().generation() % Layout.SUPERBLOCK_SLOTS);
        planter.superblock(2, slot, bytes -> bytes[at] ^= 1);
        assertFound("superblock", planter.layout().superblock(2, slot), "differs from the other copies");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 8, 12, 16, 144, 145, 146, 147, 148, 136, 120, 152, 288, 1023, 1024, 4087})
    void aCopyThatIsNone(int at) throws Exception {
        int slot = (int) (planter.superblock().generation() % Layout.SUPERBLOCK_SLOTS);
        planter.superblock(2, slot, bytes -> bytes[at] ^= 0x40);
        assertFound("superblock", planter.layout().superblock(2, slot), "");
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

    @ParameterizedTest
    @ValueSource(longs = {2, 3, 1L << 40})
    void aWrongMarkOfInodes(long mark) throws Exception {
        planter.superblock(bytes -> LittleEndian.putLong(bytes, 280, mark));
        assertFound("superblock", NO_BLOCK, "it says that all inode numbers are below " + mark);
    }

    @Test
    void aLogThatCannotBeThere() throws Exception {
        planter.superblock(bytes -> LittleEndian.putLong(bytes, 192, 1L << 40));
        assertFound("superblock", NO_BLOCK, "the log goes on in block " + (1L << 40));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, PlantedVolume.BLOCKS - 1, PlantedVolume.BLOCKS, (1L << 44) - 1})
    void aRootThatCannotBeThere(long block) throws Exception {
        planter.treeRoot(new BlockPointer(block, 1));
        assertFoundAlone("tree node", block, "block " + block);
    }

    /** A bit that no version of today writes: the copies of the generation before are the newest that can be read. */
    @ParameterizedTest
    @ValueSource(ints = {44, 48, 49, 54, 63})
    void aRootWithABitOfTheFuture(int bit) throws Exception {
        int slot = (int) (planter.superblock().generation() % Layout.SUPERBLOCK_SLOTS);
        planter.superblock(bytes -> LittleEndian.putLong(bytes, 160, LittleEndian.getLong(bytes, 160) ^ 1L << bit));
        assertThat(PlantedVolume.check(device.copy()).problems())
                .anyMatch(p -> p.structure().equals("superblock") && p.block() == slot);
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
        long copy = planter.layout().superblock(2, 0);
        grown.flipBit(copy, 99);
        assertThat(PlantedVolume.check(grown).problems())
                .singleElement()
                .matches(p -> p.structure().equals("superblock") && p.block() == copy);
    }

    /** Where a larger volume had a copy, and where a guest may write: only copies of the first one's volume count. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aSuperblockOfAnotherVolumeIsNotBelieved(boolean firstCopyDamaged) throws Exception {
        long blocks = 9L << Layout.GROUP_LOG2;
        MemoryDevice large = new MemoryDevice("image", blocks);
        for (long block = 0; block < PlantedVolume.BLOCKS; block++) {
            large.setBlock(block, device.block(block));
        }
        Superblock own = planter.superblock();
        long place = 8L << Layout.GROUP_LOG2;
        Superblock other = new Superblock(
                own.checksumId(),
                own.features(),
                new UUID(1, 2),
                "planted",
                blocks,
                own.groupLog2(),
                own.generation() + 1000,
                own.treeRoot(),
                own.spaceRoot(),
                own.log(),
                0,
                0,
                0,
                0,
                true,
                false,
                own.later());
        for (int slot = 0; slot < Layout.SUPERBLOCK_SLOTS; slot++) {
            large.setBlock(place + slot, other.encode(place + slot));
            if (firstCopyDamaged) {
                large.flipBit(slot, 99);
            }
        }
        try (Volume opened = PlantedVolume.openReadOnly(large)) {
            assertThat(opened.info().uuid()).isEqualTo(own.uuid());
            assertThat(opened.info().size()).isEqualTo(PlantedVolume.BLOCKS * Volume.BLOCK_SIZE);
            PlantedVolume.assertReadable(opened);
        }
    }

    // ---- features ----

    private static final int INCOMPATIBLE_AT = 16;
    private static final int READ_ONLY_AT = 24;
    private static final int COMPATIBLE_AT = 32;

    private void inAllSlots(Consumer<byte[]> change) {
        for (int copy = 0; copy < planter.layout().superblockCopies(); copy++) {
            planter.superblock(copy, 0, change);
            planter.superblock(copy, 1, change);
        }
    }

    private static void assertUnsupported(ThrowingCallable opening, String what) {
        assertThatExceptionOfType(HoldfastException.class)
                .isThrownBy(opening)
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.UNSUPPORTED))
                .withMessageContaining(what);
    }

    @Test
    void anIncompatibleFeatureIsRefused() {
        inAllSlots(bytes -> LittleEndian.putLong(bytes, INCOMPATIBLE_AT, 0b11010));
        String what = "uses blocks shared by files, encryption";
        assertUnsupported(() -> PlantedVolume.openReadOnly(device.copy()), what);
        assertUnsupported(() -> PlantedVolume.openReadWrite(device.copy()), what);
        use(volume.closed.copy());
    }

    @Test
    void aFeatureThatForbidsWritingIsObeyed() throws Exception {
        inAllSlots(bytes -> LittleEndian.putLong(bytes, READ_ONLY_AT, 1L << 40));
        assertUnsupported(() -> PlantedVolume.openReadWrite(device.copy()), "feature 40");
        try (Volume opened = PlantedVolume.openReadOnly(device.copy())) {
            PlantedVolume.assertReadable(opened);
        }
    }

    @Test
    void aCompatibleFeatureAndItsBytesAreKept() throws Exception {
        inAllSlots(bytes -> {
            LittleEndian.putLong(bytes, COMPATIBLE_AT, 5);
            LittleEndian.putLong(bytes, 2000, 1234);
        });
        long before = planter.superblock().generation();
        try (Volume opened = PlantedVolume.openReadWrite(new FaultDevice(device, 0))) {
            opened.checkpoint();
        }
        assertThat(planter.superblock().generation()).isGreaterThan(before);
        for (long block = 0; block < Layout.SUPERBLOCK_SLOTS; block++) {
            byte[] bytes = device.block(block);
            assertThat(LittleEndian.getLong(bytes, COMPATIBLE_AT)).isEqualTo(5);
            assertThat(LittleEndian.getLong(bytes, 2000)).isEqualTo(1234);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void formatsThatWereNeverReleasedAreRefusedInWords(int version) {
        inAllSlots(bytes -> LittleEndian.putInt(bytes, 8, version));
        assertUnsupported(
                () -> PlantedVolume.openReadOnly(device.copy()), "format version " + version + " was never released");
        use(volume.closed.copy());
    }
}
