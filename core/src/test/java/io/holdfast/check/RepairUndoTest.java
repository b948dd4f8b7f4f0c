package io.holdfast.check;

import static io.holdfast.check.PlantedVolume.key;
import static io.holdfast.namespace.NamespaceKeys.ENTRY;
import static io.holdfast.namespace.NamespaceKeys.ROOT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.holdfast.device.MemoryDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Superblock;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.Volume;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A repair can be undone until the volume is opened for writing. */
class RepairUndoTest extends PlantedDamage {
    private void damage() throws Exception {
        planter.remove(key(ROOT, ENTRY, "data"));
        planter.flipSpaceBit(planter.freeBlock());
        planter.flipSpaceBit(planter.data(volume.canary, 0));
    }

    private void assertTooLate() {
        assertThatExceptionOfType(HoldfastException.class)
                .isThrownBy(() -> Repairs.undo(device.copy()))
                .withMessageContaining("no repair to undo")
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND));
    }

    /** Every block that the old space map has as in use has the same content as before the repair. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void givesBackWhatWasBefore(boolean afterACrash) throws Exception {
        use((afterACrash ? volume.crashed : volume.closed).copy());
        damage();
        MemoryDevice image = device.copy();
        Map<String, Integer> content = Repairs.content(device);
        CheckReport damaged = PlantedVolume.check(device);
        Superblock before = planter.superblock();
        Repairs.repair(device);
        use(device.copy());
        Repairs.assertClean(device);
        assertThat(planter.superblock().repaired()).isTrue();
        assertThat(Repairs.content(device)).isNotEqualTo(content);
        Repairs.undo(device);
        use(device.copy());
        assertThat(planter.superblock()).isEqualTo(before.after(before.after(before)));
        assertThat(Repairs.content(device)).isEqualTo(content);
        assertThat(PlantedVolume.check(device).problems()).isEqualTo(damaged.problems());
        byte[] bitmap = image.block(new Planter(image).bitmap(0));
        for (int block = 0; block < 8 * bitmap.length; block++) {
            if ((bitmap[block / 8] >> (block % 8) & 1) != 0) {
                assertThat(device.block(block)).as("block " + block).isEqualTo(image.block(block));
            }
        }
        assertTooLate();
        // It can be repaired again.
        Repairs.repair(device);
        use(device.copy());
        Repairs.assertClean(device);
    }

    @Test
    void readingDoesNotEndIt() throws Exception {
        damage();
        Repairs.repair(device);
        use(device.copy());
        Repairs.assertClean(device);
        Repairs.content(device);
        Repairs.undo(device);
    }

    @Test
    void openingForWritingEndsIt() throws Exception {
        damage();
        Repairs.repair(device);
        use(device.copy());
        PlantedVolume.openReadWrite(device).close();
        use(device.copy());
        assertTooLate();
        Repairs.assertClean(device);
    }

    /** The process dies at once: nothing was written yet but the superblock that says so. */
    @Test
    void openingForWritingEndsItAlsoWithoutClosing() throws Exception {
        damage();
        Repairs.repair(device);
        use(device.copy());
        try (Volume open = PlantedVolume.openReadWrite(device)) {
            MemoryDevice dead = device.copy();
            open.create("/x", CreateOptions.file()).close();
            use(dead);
            assertTooLate();
        }
    }

    @Test
    void thereWasNone() {
        assertTooLate();
    }

    @Test
    void theOldSuperblockInOneCopyIsEnough() throws Exception {
        damage();
        Map<String, Integer> content = Repairs.content(device);
        long generation = planter.superblock().generation();
        Repairs.repair(device);
        use(device.copy());
        int copies = planter.layout().superblockCopies();
        for (int copy = 0; copy < copies - 1; copy++) {
            flip(planter.layout().superblock(copy, (int) (generation % 2)));
        }
        Repairs.undo(device);
        use(device.copy());
        assertThat(Repairs.content(device)).isEqualTo(content);
    }

    @Test
    void theOldSuperblockInNoCopy() throws Exception {
        damage();
        long generation = planter.superblock().generation();
        Repairs.repair(device);
        use(device.copy());
        for (int copy = 0; copy < planter.layout().superblockCopies(); copy++) {
            flip(planter.layout().superblock(copy, (int) (generation % 2)));
        }
        assertThatExceptionOfType(HoldfastException.class)
                .isThrownBy(() -> Repairs.undo(device.copy()))
                .withMessageContaining("so the repair stays");
        assertThat(PlantedVolume.check(device).problems())
                .allMatch(p -> p.structure().equals("superblock"));
    }
}
