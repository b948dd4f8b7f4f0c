package io.holdfast.check;

import static io.holdfast.check.PlantedVolume.DATA_BLOCKS;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Damage planted in data. */
class PlantedDataDamageTest extends PlantedDamage {
    @Test
    void aFlippedBit() throws Exception {
        long block = planter.data(volume.data, DATA_BLOCKS - 1);
        flip(block);
        assertFound(
                "data",
                block,
                "inode %d, offset %d: it does not match its checksum"
                        .formatted(volume.data, (DATA_BLOCKS - 1) * 4096L));
    }

    @Test
    void theFileThatAFindingIsAboutIsSaid() throws Exception {
        flip(planter.data(volume.data, 0));
        assertThat(PlantedVolume.check(device).problems())
                .singleElement()
                .satisfies(p -> assertThat(p.inode()).isEqualTo(volume.data));
    }

    @Test
    void blocksThatWereSwapped() throws Exception {
        long a = planter.data(volume.data, 0);
        long b = planter.data(volume.data, 1);
        byte[] content = device.block(a);
        device.setBlock(a, device.block(b));
        device.setBlock(b, content);
        assertFound("data", a, "does not match its checksum");
        assertFoundAlone("data", b, "does not match its checksum");
    }
}
