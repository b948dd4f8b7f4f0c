package io.holdfast.check;

import static io.holdfast.check.PlantedVolume.key;
import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every kind of damage is found, in each structure: a flipped bit by its checksum, and wrong content under right
 * checksums by what it says. A second damage planted elsewhere is found as well, and nothing is thrown. One class for
 * each structure: {@code Planted...DamageTest}; here is damage anywhere.
 */
class PlantedDamageTest extends PlantedDamage {
    @Test
    void theVolumeIsCleanBeforeAnythingIsPlanted() throws Exception {
        assertThat(PlantedVolume.check(device).problems()).isEmpty();
        assertThat(PlantedVolume.check(volume.crashed.copy()).problems()).isEmpty();
        assertThat(planter.treeHeight()).isGreaterThanOrEqualTo(2);
        assertThat(planter.map(volume.data).levels()).isEqualTo(2);
        assertThat(planter.layout().groups()).isEqualTo(4);
    }

    /** Wrong content under right checksums, anywhere: never an exception, never an endless walk. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void anyContentIsTakenAndCopiedOff(long seed) throws Exception {
        Random random = new Random(seed);
        for (int round = 0; round < 100; round++) {
            use(volume.crashed.copy());
            byte[] key = key(random.nextLong(volume.canary + 1), random.nextInt(9));
            switch (random.nextInt(4)) {
                case 0 -> planter.treeNode(key, 0, node -> scribble(node, random));
                case 1 -> planter.mapNode(volume.data, 0, 2, node -> scribble(node, random));
                case 2 -> {
                    if (random.nextBoolean()) {
                        planter.bitmap(0, node -> scribble(node, random));
                    } else {
                        planter.descriptor(0, (node, at) -> scribble(node, random));
                    }
                }
                default -> {
                    byte[] node =
                            device.block(planter.superblock().treeRoot().node().block());
                    scribble(node, random);
                    int block = 1 + random.nextInt(2000);
                    if (planter.layout().isAllocatable(block)) {
                        device.setBlock(block, node);
                    }
                }
            }
            try (Volume opened = PlantedVolume.openReadOnly(device.copy())) {
                opened.check(Progress.NONE);
                copyOff(opened, "/");
            }
            openForWriting();
        }
    }

    /** Succeeds, or is refused with a reason. */
    private void openForWriting() {
        try (Volume opened = PlantedVolume.openReadWrite(device.copy())) {
            opened.check(Progress.NONE);
        } catch (Exception e) {
            assertThat(e).isInstanceOf(HoldfastException.class);
        }
    }

    /** Reads what can be read; what cannot is an error that says so. */
    private static void copyOff(Volume opened, String directory) {
        try {
            for (DirectoryEntry entry : opened.list(directory, "", 40)) {
                String path = directory + entry.name();
                switch (entry.kind()) {
                    case DIRECTORY -> copyOff(opened, path + "/");
                    case SYMLINK -> opened.readLink(path);
                    case REGULAR -> read(opened, path);
                }
            }
        } catch (HoldfastException e) {
            assertThat(e.code()).isIn(ErrorCode.DAMAGED, ErrorCode.NOT_FOUND);
        }
    }

    private static void read(Volume opened, String path) {
        try (StoredFile file = opened.open(path)) {
            file.map(0, 1 << 20, 100);
            MemorySegment target = MemorySegment.ofArray(new byte[4096]);
            for (int block = 0; block < 8; block++) {
                file.read(block * 4096L, target);
            }
            opened.listXattrs(path);
        } catch (HoldfastException e) {
            assertThat(e.code()).isNotNull();
        }
    }

    private static void scribble(byte[] node, Random random) {
        for (int i = 0; i <= random.nextInt(4); i++) {
            node[random.nextInt(node.length)] = (byte) random.nextInt();
        }
    }
}
