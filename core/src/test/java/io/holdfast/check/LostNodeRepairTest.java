package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.MemoryDevice;
import io.holdfast.engine.Settled;
import io.holdfast.format.Block;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.RepairPlan;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A node of a map was lost; a repair puts it back if it can be read again. */
class LostNodeRepairTest extends PlantedDamage {
    private static final int CHANGED = 7;

    /** Loses the first leaf of {@code /data}, and writes one of its blocks. */
    private long lose() throws Exception {
        long leaf = planter.mapNode(volume.data, 3, 1);
        flip(leaf);
        use(device.copy());
        try (Volume open = PlantedVolume.openReadWrite(device);
                StoredFile file = open.open("/data")) {
            file.write(
                    (long) CHANGED * Block.SIZE,
                    MemorySegment.ofArray(new byte[Block.SIZE]).fill((byte) 9),
                    Set.of());
            open.checkpoint();
        }
        use(device.copy());
        return leaf;
    }

    @Test
    void aNodeThatCanBeReadAgainIsPutBack() throws Exception {
        long leaf = lose();
        assertThat(Repairs.content(device)).doesNotContainKey("/data");
        flip(leaf);
        RepairPlan plan = Repairs.repair(device);
        assertThat(plan.repairs())
                .anyMatch(r -> r.block() == leaf
                        && r.inode() == volume.data
                        && r.what().contains("from offset 0 on can be read again"));
        use(device.copy());
        Repairs.assertClean(device);
        assertThat(planter.superblock().features().haveLostNodes()).isFalse();
        assertThat(Repairs.content(device)).containsKey("/data");
        try (Volume open = PlantedVolume.openReadOnly(device.copy());
                StoredFile file = open.open("/data")) {
            byte[] block = new byte[Block.SIZE];
            file.read((long) CHANGED * Block.SIZE, MemorySegment.ofArray(block));
            assertThat(block).containsOnly(9);
        }
        Repairs.undo(device);
        use(device.copy());
        assertThat(planter.superblock().features().haveLostNodes()).isTrue();
    }

    @Test
    void aNodeThatCannotIsLeft() throws Exception {
        long leaf = lose();
        Map<String, Integer> before = Repairs.content(device);
        RepairPlan plan = Repairs.plan(device);
        assertThat(plan.isPossible()).isFalse();
        assertThat(plan.left())
                .anyMatch(
                        left -> left.problem().block() == leaf && left.advice().startsWith("overwrite what is lost"))
                .anyMatch(left -> left.problem().message().contains("nothing that could be read points to them")
                        && left.advice().startsWith("no block comes free"));
        assertThat(Repairs.content(device)).isEqualTo(before);
    }

    /** The other damage is mended, and the lost node stays as it is. */
    @Test
    void otherDamageBesideALostNode() throws Exception {
        lose();
        Map<String, Integer> before = Repairs.content(device);
        planter.flipSpaceBit(planter.data(volume.canary, 0));
        planter.remove(PlantedVolume.key(1, 2, "canary"));
        RepairPlan plan = Repairs.repair(device);
        assertThat(plan.repairs()).hasSize(2);
        use(device.copy());
        Map<String, Integer> after = Repairs.content(device);
        assertThat(after.remove("/lost+found/inode-" + volume.canary)).isEqualTo(before.remove("/canary"));
        after.remove("/lost+found");
        assertThat(after).isEqualTo(before);
        assertThat(PlantedVolume.check(device).problems()).hasSize(3);
    }

    /** Writes all that was below the lost leaf. */
    private void writeAll() throws Exception {
        try (Volume open = PlantedVolume.openReadWrite(device);
                StoredFile file = open.open("/data")) {
            MemorySegment leaf = MemorySegment.ofArray(new byte[256 * Block.SIZE]);
            file.write(0, leaf.fill((byte) 8), Set.of());
            open.checkpoint();
        }
        use(device.copy());
    }

    /** What was below it comes free. */
    private void assertGivenUp(long leaf) throws Exception {
        Map<String, Integer> before = Repairs.content(device);
        RepairPlan plan = Repairs.repair(device);
        assertThat(plan.left()).isEmpty();
        assertThat(plan.mended()).isEqualTo(plan.findings());
        assertThat(plan.repairs())
                .anyMatch(r -> r.block() == leaf && r.what().contains("the node and what was below come free"))
                .anyMatch(r -> r.what().contains("that nothing points to come free"));
        use(device.copy());
        Repairs.assertClean(device);
        assertThat(Repairs.content(device)).isEqualTo(before);
        assertThat(planter.superblock().features().haveLostNodes()).isFalse();
        MemoryDevice undone = device.copy();
        Repairs.undo(undone);
        assertThat(Repairs.content(undone)).isEqualTo(before);
        assertThat(PlantedVolume.check(undone).problems())
                .anyMatch(p -> p.block() == leaf && p.message().contains("was lost"));
        try (Volume open = PlantedVolume.openReadWrite(device)) {
            assertThat(open.damage()).isEmpty();
            try (StoredFile file = open.create("/after", CreateOptions.file())) {
                file.write(0, MemorySegment.ofArray(new byte[300 * Block.SIZE]).fill((byte) 7), Set.of());
                file.flush();
            }
        }
        use(device.copy());
        Repairs.assertClean(device);
        assertThat(Repairs.content(device)).containsAllEntriesOf(before);
    }

    /** Nothing of the file is lost any more, though the node had room for more. */
    @Test
    void whatIsLostBehindTheEndOfTheFileBecomesHoles() throws Exception {
        try (Volume open = PlantedVolume.openReadWrite(device);
                StoredFile file = open.open("/data")) {
            file.truncate(100L * Block.SIZE);
            open.checkpoint();
        }
        use(device.copy());
        long leaf = lose();
        try (Volume open = PlantedVolume.openReadWrite(device);
                StoredFile file = open.open("/data")) {
            file.write(0, MemorySegment.ofArray(new byte[100 * Block.SIZE]).fill((byte) 8), Set.of());
            open.checkpoint();
            assertThat(open.damage()).anyMatch(line -> line.contains("is lost any more from offset"));
        }
        use(device.copy());
        assertThat(PlantedVolume.check(device).problems())
                .anyMatch(p -> p.message().contains("has lost blocks behind its end"))
                .noneMatch(p -> p.message().contains("reading them is an error until"));
        assertGivenUp(leaf);
        try (Volume open = PlantedVolume.openReadOnly(device.copy());
                StoredFile file = open.open("/data")) {
            assertThat(file.size()).isEqualTo(100L * Block.SIZE);
        }
        try (Volume open = PlantedVolume.openReadWrite(device);
                StoredFile file = open.open("/data")) {
            file.truncate(200L * Block.SIZE);
            byte[] block = new byte[Block.SIZE];
            file.read(150L * Block.SIZE, MemorySegment.ofArray(block));
            assertThat(block).containsOnly(0);
        }
        use(device.copy());
        Repairs.assertClean(device);
    }

    @Test
    void aNodeOfWhichAllWasWrittenAgainIsGivenUp() throws Exception {
        long leaf = lose();
        writeAll();
        assertThat(Repairs.content(device)).containsKey("/data");
        assertGivenUp(leaf);
    }

    /** Then no checkpoint puts it back: what is below it comes free. */
    @Test
    void alsoIfItCanBeReadAgain() throws Exception {
        long leaf = lose();
        writeAll();
        flip(leaf);
        assertGivenUp(leaf);
    }

    @Test
    void theFileIsGone() throws Exception {
        long leaf = lose();
        try (Volume open = PlantedVolume.openReadWrite(device)) {
            try (StoredFile file = open.open("/data")) {
                file.truncate(0);
            }
            open.remove("/data");
            Settled.settle(open);
        }
        use(device.copy());
        assertGivenUp(leaf);
    }

    /** The root of the map, with promised blocks below it: both counts follow. */
    @Test
    void theRootOfAMapThatWasTruncated() throws Exception {
        long root = planter.mapNode(volume.data, 3, 2);
        flip(root);
        try (Volume open = PlantedVolume.openReadWrite(device);
                StoredFile file = open.open("/data")) {
            file.write(0, MemorySegment.ofArray(new byte[Block.SIZE]), Set.of());
            open.checkpoint();
            file.truncate(Block.SIZE);
            Settled.settle(open);
        }
        use(device.copy());
        assertGivenUp(root);
    }

    /** Another file's node cannot be read: who knows what is below it. */
    @Test
    void nothingIsGivenUpWhereSomethingElseIsHidden() throws Exception {
        long leaf = lose();
        writeAll();
        flip(planter.mapNode(volume.canary, 0, 1));
        Map<String, Integer> before = Repairs.content(device);
        RepairPlan plan = Repairs.plan(device);
        assertThat(plan.isPossible()).isFalse();
        assertThat(plan.left())
                .anyMatch(left -> left.problem().block() == leaf
                        && left.advice().contains("its space comes free once nothing else is hidden"));
        assertThat(Repairs.content(device)).isEqualTo(before);
    }
}
