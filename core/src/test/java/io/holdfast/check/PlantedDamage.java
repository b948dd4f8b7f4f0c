package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.MemoryDevice;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.format.Layout;
import io.holdfast.volume.CheckReport;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;

/** Plants damage in a copy of a volume, one structure a subclass, and expects the check to find it. */
@Timeout(60)
abstract class PlantedDamage {
    static final long NO_BLOCK = -1;

    /** Made once for all tests. */
    static PlantedVolume volume;

    MemoryDevice device = volume.closed.copy();
    Planter planter;

    {
        use(volume.closed.copy());
    }

    @BeforeAll
    static void makeVolume() throws Exception {
        if (volume == null) {
            volume = new PlantedVolume();
        }
    }

    /** Whatever was planted: what else there is can be copied off. */
    @AfterEach
    void opensReadOnly() throws Exception {
        PlantedVolume.openReadOnly(device.copy()).close();
        RescueReading.read(device.copy());
    }

    void use(MemoryDevice image) {
        try {
            device = image;
            planter = new Planter(device);
        } catch (HoldfastException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Checks, with one more damage somewhere else, and finds both. */
    void assertFound(String structure, long block, String message) throws Exception {
        long canary = planter.data(volume.canary, 0);
        device.flipBit(canary, 9);
        CheckReport report = assertFoundAlone(structure, block, message);
        assertThat(report.problems()).anyMatch(p -> p.structure().equals("data") && p.block() == canary);
    }

    CheckReport assertFoundAlone(String structure, long block, String message) throws Exception {
        CheckReport report = PlantedVolume.check(device);
        assertThat(report.clean()).isFalse();
        assertThat(report.problems()).anySatisfy(p -> {
            assertThat(p.structure()).isEqualTo(structure);
            assertThat(p.block()).isEqualTo(block);
            assertThat(p.message()).contains(message);
        });
        return report;
    }

    /** Damages the bytes of a block and leaves the checksums as they are. */
    void flip(long block) {
        device.flipBit(block, 8 * 4000 + 3);
    }

    /** Damages both copies of a block of the group table. */
    void flipBoth(long block) {
        flip(block);
        flip(Layout.tableCopy(block));
    }

    static byte[] value(Item item) {
        return Objects.requireNonNull(item.value());
    }
}
