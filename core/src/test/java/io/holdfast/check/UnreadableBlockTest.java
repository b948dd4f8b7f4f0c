package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.device.UnreadableBlocks;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.namespace.NamespaceKeys;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/**
 * A block that the device cannot read, once or for ever, by what is in it: who gets the error, whether the volume
 * latches, and what goes on.
 */
class UnreadableBlockTest extends PlantedDamage {
    private static final int ALWAYS = Integer.MAX_VALUE;

    private final MemorySegment memory = MemorySegment.ofArray(new byte[Block.SIZE]);

    /** Opens the image, of which a block cannot be read. */
    private Volume open(long block, int times) throws Exception {
        return PlantedVolume.openReadWrite(new UnreadableBlocks(device.copy()).fail(block, times));
    }

    /** Others write, flush and read, and a checkpoint is written. */
    private void assertOthersGoOn(Volume open) throws HoldfastException {
        try (StoredFile other = open.open("/canary")) {
            other.write(0, memory);
            other.flush();
            assertThat(other.read(0, memory)).isEqualTo(Block.SIZE);
        }
        open.checkpoint();
        assertThat(open.failure()).isEmpty();
    }

    private static void assertDeviceError(Throwable error) {
        assertThat(error)
                .isInstanceOfSatisfying(
                        HoldfastException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DEVICE_ERROR));
    }

    @Test
    void onceInData() throws Exception {
        try (Volume open = open(planter.data(volume.data, 7), 1);
                StoredFile file = open.open("/data")) {
            assertThat(file.read(7L * Block.SIZE, memory)).isEqualTo(Block.SIZE);
            assertOthersGoOn(open);
        }
    }

    @Test
    void alwaysInData() throws Exception {
        try (Volume open = open(planter.data(volume.data, 7), ALWAYS);
                StoredFile file = open.open("/data")) {
            assertThatThrownBy(() -> file.read(7L * Block.SIZE, memory))
                    .satisfies(UnreadableBlockTest::assertDeviceError)
                    .hasMessageContaining("/data");
            assertThat(file.read(8L * Block.SIZE, memory)).isEqualTo(Block.SIZE);
            assertOthersGoOn(open);
            file.write(7L * Block.SIZE, memory);
            assertThat(file.read(7L * Block.SIZE, memory)).as("written anew").isEqualTo(Block.SIZE);
            assertOthersGoOn(open);
        }
    }

    @Test
    void onceInANodeOfAMap() throws Exception {
        try (Volume open = open(planter.mapNode(volume.data, 3, 1), 1);
                StoredFile file = open.open("/data")) {
            file.write(3L * Block.SIZE, memory);
            open.checkpoint();
            assertThat(file.read(4L * Block.SIZE, memory)).isEqualTo(Block.SIZE);
            assertOthersGoOn(open);
        }
    }

    @Test
    void onceInANodeOfTheMetadata() throws Exception {
        long leaf = planter.treeNode(NamespaceKeys.inode(volume.middle), 0);
        try (Volume open = open(leaf, 1)) {
            assertThat(open.status("/dir/file60").inode()).isEqualTo(volume.middle);
            open.mkdir("/new", CreateOptions.directory());
            assertOthersGoOn(open);
        }
    }

    @Test
    void alwaysInANodeOfTheMetadata() throws Exception {
        long leaf = planter.treeNode(NamespaceKeys.inode(volume.middle), 0);
        try (Volume open = open(leaf, ALWAYS)) {
            assertThatThrownBy(() -> open.status("/dir/file60")).satisfies(UnreadableBlockTest::assertDeviceError);
            assertThat(open.failure()).isEmpty();
            assertThat(open.status("/canary").inode()).isEqualTo(volume.canary);
        }
    }

    /** The log has a change of an item there, so no call has read the node before the checkpoint. */
    @Test
    void alwaysInANodeOfTheMetadataThatACheckpointHasToChange() throws Exception {
        use(volume.crashed.copy());
        long changed;
        try (Volume readOnly = PlantedVolume.openReadOnly(device.copy())) {
            changed = readOnly.status("/dir/file0").inode();
        }
        try (Volume open = open(planter.treeNode(NamespaceKeys.inode(changed), 0), ALWAYS)) {
            assertOthersGoOn(open);
            assertThatThrownBy(() -> open.status("/dir/file0")).satisfies(UnreadableBlockTest::assertDeviceError);
            assertThat(open.damage()).anyMatch(line -> line.contains("of the metadata tree cannot be read"));
        }
    }

    @Test
    void onceInTheLog() throws Exception {
        use(volume.crashed.copy());
        long record = planter.superblock().log().block();
        try (Volume open = open(record, 1)) {
            assertThat(open.status("/late2").size()).isEqualTo(4L * Block.SIZE);
            assertThat(open.recovery().problems()).isEmpty();
            assertOthersGoOn(open);
        }
    }

    @Test
    void alwaysInTheLog() throws Exception {
        use(volume.crashed.copy());
        long record = planter.superblock().log().block();
        try (Volume open = open(record, ALWAYS)) {
            assertThat(open.status("/late2").size()).isEqualTo(4L * Block.SIZE);
            assertThat(open.recovery().problems())
                    .anyMatch(problem -> problem.contains("block %d, its header, is damaged".formatted(record)));
            assertOthersGoOn(open);
        }
    }

    /** What was durable may be behind it: opening for writing is refused, and nothing is changed. */
    @Test
    void alwaysInBothCopiesOfTheLog() throws Exception {
        use(volume.crashed.copy());
        long record = planter.superblock().log().block();
        device.flipBit(planter.superblock().log().twin(), 9);
        assertThatThrownBy(() -> open(record, ALWAYS))
                .isInstanceOfSatisfying(
                        HoldfastException.class,
                        e -> assertThat(e.code()).isIn(ErrorCode.DEVICE_ERROR, ErrorCode.DAMAGED));
        device.flipBit(planter.superblock().log().twin(), 9);
        try (Volume open = open(record, 0)) {
            assertThat(open.status("/late2").size()).isEqualTo(4L * Block.SIZE);
        }
    }
}
