package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.device.Fault;
import io.holdfast.device.FaultDevice;
import io.holdfast.device.IoHook;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.volume.Extent;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A node of a map cannot be read, and no checkpoint has met it: calls on the file fail for what the node covers alone. */
class UnreadableNodeTest extends PlantedDamage {
    private static final long LEAF_BYTES = 256L * Block.SIZE;

    private static void assertNamed(Throwable error, long offset) {
        assertThat(error).hasMessageContainingAll(": /data (inode ", "offset " + offset + ", length ");
    }

    private static void read(StoredFile file, long offset) throws HoldfastException {
        file.read(offset, MemorySegment.ofArray(new byte[Block.SIZE]));
    }

    private static List<Extent> map(StoredFile file) throws HoldfastException {
        return file.map(0, file.size(), 1000);
    }

    @Test
    void theMapSaysWhatIsLost() throws Exception {
        flip(planter.mapNode(volume.data, 3, 1));
        try (Volume open = PlantedVolume.openReadOnly(device);
                StoredFile file = open.open("/data")) {
            assertThat(map(file))
                    .containsExactly(
                            new Extent(0, LEAF_BYTES, Extent.State.LOST),
                            new Extent(LEAF_BYTES, file.size() - LEAF_BYTES, Extent.State.WRITTEN));
            assertThat(file.map(5000, 100, 1)).containsExactly(new Extent(5000, 100, Extent.State.LOST));
            assertThatThrownBy(() -> read(file, 8192)).satisfies(e -> assertNamed(e, 8192));
            read(file, LEAF_BYTES);
            file.status();
            open.status("/data");
        }
    }

    @Test
    void theRootCoversTheFile() throws Exception {
        flip(planter.mapNode(volume.data, 3, 2));
        try (Volume open = PlantedVolume.openReadOnly(device);
                StoredFile file = open.open("/data")) {
            assertThat(map(file)).containsExactly(new Extent(0, file.size(), Extent.State.LOST));
            assertThatThrownBy(() -> read(file, 0)).hasMessageContaining("offset 0, length " + file.size() + ": ");
        }
    }

    /** An error that comes once is none; one that comes again costs the range, and only as long as it comes. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void aReadError(int times) throws Exception {
        long node = planter.mapNode(volume.data, 3, 1);
        FaultDevice faulty = new FaultDevice(device, 0);
        AtomicInteger left = new AtomicInteger(times);
        faulty.setHook(new IoHook() {
            @Override
            public void before(Operation operation, long block, long blocks) {
                boolean reads = operation == Operation.READ && block <= node && node < block + blocks;
                if (reads && left.getAndDecrement() > 0) {
                    faulty.faultRead(1, new Fault.Fail());
                }
            }
        });
        try (Volume open = PlantedVolume.openReadOnly(faulty);
                StoredFile file = open.open("/data")) {
            Extent.State first = map(file).getFirst().state();
            assertThat(first).isEqualTo(times == 1 ? Extent.State.WRITTEN : Extent.State.LOST);
            assertThat(map(file).getFirst().state()).isEqualTo(Extent.State.WRITTEN);
            read(file, 0);
        }
    }

    @Test
    void rangesAndSizes() throws Exception {
        flip(planter.mapNode(volume.data, 3, 1));
        try (Volume open = PlantedVolume.openReadWrite(device)) {
            try (StoredFile file = open.open("/data")) {
                assertThatThrownBy(() -> file.punch(100, 8192)).satisfies(e -> assertNamed(e, 0));
                assertThatThrownBy(() -> file.allocate(0, LEAF_BYTES))
                        .satisfies(e -> assertNamed(e, 0))
                        .isInstanceOfSatisfying(
                                HoldfastException.class,
                                e -> assertThat(e.code()).isEqualTo(ErrorCode.DAMAGED));
                file.punch(8192, 8192);
                file.zero(0, 4096);
                read(file, 8192);
                read(file, 0);
                assertThat(map(file))
                        .startsWith(
                                new Extent(0, 4096, Extent.State.UNWRITTEN),
                                new Extent(4096, 4096, Extent.State.LOST),
                                new Extent(8192, 8192, Extent.State.HOLE));
                // The end of the file, in the midst of what is lost.
                file.truncate(5 * 4096 + 10);
                assertThatThrownBy(() -> file.truncate(6 * 4096)).satisfies(e -> assertNamed(e, 5 * 4096));
                file.truncate(5 * 4096);
                file.truncate(LEAF_BYTES);
                read(file, 5 * 4096);
                assertThatThrownBy(() -> read(file, 4 * 4096)).satisfies(e -> assertNamed(e, 4 * 4096));
            }
            open.checkpoint();
            assertThat(open.failure()).isEmpty();
            PlantedVolume.assertReadable(open);
        }
    }
}
