package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.format.Block;
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
}
