package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.MemoryDevice;
import io.holdfast.engine.Settled;
import io.holdfast.engine.VolumeOnDevice;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Layout;
import io.holdfast.format.LittleEndian;
import io.holdfast.format.LogRecord;
import io.holdfast.format.TreeRoot;
import io.holdfast.mapping.MapItems;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.RepairPlan;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.lang.foreign.MemorySegment;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Repairs of the accounting of space, of counts and of superblock copies. */
class SpaceRepairTest extends PlantedDamage {
    /** Repairs; afterwards all is right, all that was there is there, and the volume can be written to. */
    private RepairPlan repaired() throws Exception {
        Map<String, Integer> before = Repairs.content(device);
        assertThat(PlantedVolume.check(device).clean()).isFalse();
        RepairPlan plan = Repairs.repair(device);
        assertThat(plan.isPossible()).isTrue();
        assertThat(plan.left()).isEmpty();
        assertThat(plan.mended()).isEqualTo(plan.findings());
        use(device.copy());
        Repairs.assertClean(device);
        assertThat(Repairs.content(device)).isEqualTo(before);
        MemorySegment block = MemorySegment.ofArray(new byte[4096]).fill((byte) 7);
        try (Volume open = PlantedVolume.openReadWrite(device);
                StoredFile file = open.create("/after", CreateOptions.file())) {
            for (int i = 0; i < 50; i++) {
                file.write(i * 4096L, block);
            }
            file.flush();
        }
        use(device.copy());
        Repairs.assertClean(device);
        return plan;
    }

    @Test
    void leakedBlocksComeFree() throws Exception {
        long first = planter.freeBlock();
        planter.flipSpaceBit(first);
        planter.flipSpaceBit(first - 1);
        assertThat(repaired().repairs())
                .anyMatch(r ->
                        r.structure().equals("space map") && r.what().contains("2 that nothing points to come free"));
    }

    @Test
    void blocksInUseAreMarked() throws Exception {
        planter.flipSpaceBit(planter.data(volume.data, 0));
        planter.flipSpaceBit(planter.mapNode(volume.data, 0, 1));
        planter.flipSpaceBit(planter.superblock().treeRoot().node().block());
        assertThat(repaired().repairs())
                .anyMatch(r -> r.what().contains("3 that are in use and marked free are marked in use"));
    }

    /** Both copies go to other blocks, so undoing gives back the volume with its damage. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void oneOfTwoCopiesOfTheRootOfTheTree(boolean first) throws Exception {
        TreeRoot root = planter.superblock().treeRoot();
        long block = first ? root.node().block() : root.copy();
        assertMendedFromItsCopy(block, "tree node", "the other of its two copies is whole");
    }

    @Test
    void aWrongMarkOfInodes() throws Exception {
        long right = planter.superblock().inodesBelow();
        planter.superblock(bytes -> LittleEndian.putLong(bytes, 280, 3));
        assertThat(repaired().repairs())
                .singleElement()
                .satisfies(r -> assertThat(r.what()).contains("becomes that of the metadata tree"));
        assertThat(planter.superblock().inodesBelow()).isGreaterThanOrEqualTo(right);
    }

    @Test
    void someBitsMissingAndSomeTooMany() throws Exception {
        planter.flipSpaceBit(planter.data(volume.data, 0));
        planter.flipSpaceBit(planter.freeBlock());
        repaired();
    }

    @Test
    void anUnreadableBitmapIsMadeAnew() throws Exception {
        flip(planter.bitmap(0));
        assertThat(repaired().repairs()).anyMatch(r -> r.what().contains("marked anew"));
    }

    @Test
    void anUnreadableDescriptorBlock() throws Exception {
        flipBoth(planter.descriptors(0));
        repaired();
    }

    /** Both copies are written to the other home, so undoing gives back the volume with its damage. */
    @ParameterizedTest
    @ValueSource(ints = {0, 2})
    void oneOfTwoCopiesOfADescriptorBlock(int behind) throws Exception {
        long block = planter.descriptors(0) + behind;
        assertMendedFromItsCopy(block, "space map", "the other of two copies is whole");
    }

    /** The log is replayed from the other copy, and the repair's checkpoint needs none of it. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void oneOfTwoCopiesOfALogHeader(boolean twin) throws Exception {
        use(volume.crashed.copy());
        LogRecord record = planter.log().getFirst();
        long block = twin ? record.twin() : record.block();
        flip(block);
        MemoryDevice image = device.copy();
        assertThat(repaired().repairs())
                .singleElement()
                .satisfies(r -> assertThat(r.structure()).isEqualTo("log copy"))
                .satisfies(r -> assertThat(r.block()).isEqualTo(block))
                .satisfies(r -> assertThat(r.what()).contains("taken from its whole copy"));
        MemoryDevice undone = image.copy();
        Repairs.repair(undone);
        use(undone.copy());
        Repairs.undo(device);
        use(device.copy());
        assertFoundAlone("log copy", block, "the other of two copies is whole");
        assertThat(Repairs.content(device)).isEqualTo(Repairs.content(image));
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "0, 2", "1, 0", "1, 2"})
    void oneOfTwoCopiesInALargerTable(int level, int behind) throws Exception {
        use(large());
        BlockPointer root = planter.superblock().spaceRoot();
        assertThat(planter.layout().tableLevels()).isEqualTo(2);
        flip((level == 0 ? planter.descriptors(0) : root.block()) + behind);
        Map<String, Integer> before = Repairs.content(device);
        RepairPlan plan = Repairs.repair(device);
        assertThat(plan.repairs()).hasSize(1);
        assertThat(plan.left()).isEmpty();
        use(device.copy());
        Repairs.assertClean(device);
        assertThat(Repairs.content(device)).isEqualTo(before);
    }

    /** The one copy is written again although nothing comes free, and other blocks of the table stay as they are. */
    @Test
    void oneOfTwoCopiesWhereSomethingIsHidden() throws Exception {
        flip(planter.mapNode(volume.data, 3, 1));
        flip(planter.descriptors(0));
        Map<String, Integer> before = Repairs.content(device);
        RepairPlan plan = Repairs.repair(device);
        assertThat(plan.mended()).isEqualTo(1);
        use(device.copy());
        assertThat(Repairs.content(device)).isEqualTo(before);
        assertThat(PlantedVolume.check(device).problems())
                .noneMatch(p -> p.message().contains("of two copies"))
                .noneMatch(p -> p.message().contains("marked free"));
        PlantedVolume.openReadWrite(device).close();
    }

    @Test
    void aDescriptorThatCountsWrongly() throws Exception {
        planter.descriptor(
                0,
                (node, at) -> LittleEndian.putShort(node, at + 16, LittleEndian.getUnsignedShort(node, at + 16) - 1));
        repaired();
    }

    @Test
    void noBitmapWhereBlocksAreInUse() throws Exception {
        planter.descriptor(0, (node, at) -> Arrays.fill(node, at, at + 32, (byte) 0));
        repaired();
    }

    @ParameterizedTest
    @ValueSource(ints = {256, 264})
    void aSuperblockThatCountsWrongly(int at) throws Exception {
        planter.superblock(bytes -> LittleEndian.putLong(bytes, at, LittleEndian.getLong(bytes, at) + 5));
        assertThat(repaired().repairs()).anyMatch(r -> r.what().contains("counts of allocated and unwritten"));
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 24})
    void aMapItemThatCountsWrongly(int at) throws Exception {
        planter.value(MapItems.mapKey(volume.data), v -> LittleEndian.putLong(v, at, 12));
        assertThat(repaired().repairs())
                .anyMatch(r -> r.inode() == volume.data && r.what().contains("300 data blocks and 100 unwritten"));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void copiesOfTheSuperblock(int slot) throws Exception {
        for (int copy = 1; copy < planter.layout().superblockCopies(); copy++) {
            flip(planter.layout().superblock(copy, slot));
        }
        assertThat(repaired().repairs())
                .hasSize(planter.layout().superblockCopies() - 1)
                .allMatch(r -> r.structure().equals("superblock"));
    }

    @Test
    void theNewestSlotOfTheFirstCopy() throws Exception {
        flip(planter.layout().superblock(0, (int) (planter.superblock().generation() % Layout.SUPERBLOCK_SLOTS)));
        repaired();
    }

    @Test
    void withTheLogOfACrash() throws Exception {
        use(volume.crashed.copy());
        planter.flipSpaceBit(planter.data(volume.data, 0));
        planter.superblock(bytes -> LittleEndian.putLong(bytes, 256, 3));
        repaired();
        assertThat(Repairs.content(device)).containsKeys("/late0", "/late2");
    }

    /** Reading needs no group table, so the log is there although nobody can tell which blocks are in use. */
    @Test
    void withTheLogOfACrashAndAnUnreadableGroupTable() throws Exception {
        use(volume.crashed.copy());
        flipBoth(planter.descriptors(0));
        assertThat(Repairs.content(device)).containsKeys("/late0", "/late2");
        repaired();
        assertThat(Repairs.content(device)).containsKeys("/late0", "/late2");
    }

    @Test
    void nothingComesFreeWhereSomethingIsHidden() throws Exception {
        long leaf = planter.mapNode(volume.data, 3, 1);
        flip(leaf);
        long leaked = planter.freeBlock();
        planter.flipSpaceBit(leaked);
        long used = planter.data(volume.canary, 0);
        planter.flipSpaceBit(used);
        Map<String, Integer> before = Repairs.content(device);
        RepairPlan plan = Repairs.repair(device);
        assertThat(plan.left()).hasSizeGreaterThanOrEqualTo(2);
        assertThat(plan.left()).anyMatch(left -> left.advice().contains("no block comes free as long as"));
        use(device.copy());
        assertThat(Repairs.content(device)).isEqualTo(before);
        assertThat(PlantedVolume.check(device).problems())
                .noneMatch(p -> p.message().contains("marked free"))
                .anyMatch(p -> p.message().startsWith("257 blocks are marked in use and nothing that could be read"));
        PlantedVolume.openReadWrite(device).close();
    }

    @Test
    void theWholeGroupTableWhereSomethingIsHidden() throws Exception {
        flip(planter.mapNode(volume.data, 3, 1));
        flipBoth(planter.descriptors(0));
        RepairPlan plan = Repairs.plan(device);
        assertThat(plan.isPossible()).isFalse();
        assertThat(plan.left()).anyMatch(left -> left.problem().structure().equals("space map"));
        // Other damage is mended, and when the table can be read again all is as it was.
        long table = planter.descriptors(0);
        flip(planter.layout().superblock(1, 0));
        Repairs.repair(device);
        use(device.copy());
        flip(table);
        PlantedVolume.openReadWrite(device.copy()).close();
    }

    /** Returns a volume whose group table has two levels. */
    private static MemoryDevice large() throws Exception {
        MemoryDevice large = new MemoryDevice("image", 130L << Layout.GROUP_LOG2);
        VolumeOnDevice.format(large, ChecksumAlgorithm.CRC32C, "", InstantSource.system(), new Random(1));
        MemorySegment block = MemorySegment.ofArray(new byte[4096]).fill((byte) 7);
        try (Volume open = PlantedVolume.openReadWrite(large)) {
            for (String path : new String[] {"/lost", "/kept"}) {
                try (StoredFile file = open.create(path, CreateOptions.file())) {
                    file.write(0, block);
                }
            }
        }
        return large.copy();
    }

    /** Groups of which nothing is known are left alone, and the volume takes writes in the others. */
    @Test
    void aPartOfTheGroupTableWhereSomethingIsHidden() throws Exception {
        use(large());
        MemorySegment block = MemorySegment.ofArray(new byte[4096]).fill((byte) 7);
        long inode = LittleEndian.getLong(planter.value(PlantedVolume.key(1, 2, "lost")), 0);
        flip(planter.mapNode(inode, 0, 1));
        flipBoth(planter.descriptors(0));
        Map<String, Integer> before = Repairs.content(device);
        RepairPlan plan = Repairs.repair(device);
        assertThat(plan.repairs())
                .singleElement()
                .satisfies(r -> assertThat(r.what())
                        .startsWith(
                                "of blocks 0 to %d, all are marked in use".formatted((128L << Layout.GROUP_LOG2) - 1)));
        use(device.copy());
        assertThat(Repairs.content(device)).isEqualTo(before);
        try (Volume open = PlantedVolume.openReadWrite(device);
                StoredFile file = open.create("/after", CreateOptions.file())) {
            file.write(0, block);
        }
        use(device.copy());
        long after = LittleEndian.getLong(planter.value(PlantedVolume.key(1, 2, "after")), 0);
        assertThat(planter.data(after, 0)).isGreaterThan(128L << Layout.GROUP_LOG2);
        // What was hidden is gone: now it is known what is free.
        try (Volume open = PlantedVolume.openReadWrite(device)) {
            open.remove("/lost");
            Settled.settle(open);
        }
        use(device.copy());
        Repairs.repair(device);
        use(device.copy());
        Repairs.assertClean(device);
    }

    @Test
    void nothingIsDoneIfABlockHasTwoOwners() throws Exception {
        long data = planter.data(volume.data, 0);
        planter.mapNode(
                volume.canary,
                0,
                1,
                node -> LittleEndian.putLong(node, 0, LittleEndian.getLong(node, 0) & -1L << 44 | data));
        planter.flipSpaceBit(planter.freeBlock());
        RepairPlan plan = Repairs.plan(device);
        assertThat(plan.isPossible()).isFalse();
        assertThat(plan.refusal()).contains("two owners");
        assertThat(plan.mended()).isZero();
    }

    @Test
    void aCleanVolume() throws Exception {
        RepairPlan plan = Repairs.plan(device);
        assertThat(plan.isPossible()).isFalse();
        assertThat(plan.findings()).isZero();
    }

    /** One of two copies is damaged: a repair writes it again, and that can be undone. */
    private void assertMendedFromItsCopy(long block, String structure, String finding) throws Exception {
        flip(block);
        MemoryDevice image = device.copy();
        assertThat(repaired().repairs())
                .singleElement()
                .satisfies(r -> assertThat(r.structure()).isEqualTo(structure))
                .satisfies(r -> assertThat(r.block()).isEqualTo(block))
                .satisfies(r -> assertThat(r.what()).contains("written again from its whole copy"));
        MemoryDevice undone = image.copy();
        Repairs.repair(undone);
        use(undone.copy());
        Repairs.undo(device);
        use(device.copy());
        assertFoundAlone(structure, block, finding);
        assertThat(Repairs.content(device)).isEqualTo(Repairs.content(image));
    }
}
