package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.FaultDevice;
import io.holdfast.device.IoHook;
import io.holdfast.device.TestBuffers;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.VolumeMetrics;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** A device that does nothing for a while keeps no writer for as long. */
class StandingDeviceTest {
    private static final long MEMORY = 16L << 20;

    @Test
    void writersGoOnIntoWhatIsKeptForThem() throws Exception {
        FaultDevice device = TestVolumes.through(TestVolumes.formatted(256));
        Standing standing = new Standing();
        try (StoredVolume volume = TestVolumes.open(device, MEMORY, 1);
                StoredFile file = volume.create("/f", CreateOptions.file())) {
            long limit = cache(volume).dirtyMax() / Block.SIZE;
            volume.sync();
            device.setHook(standing);
            try {
                // The device ends no write; what is on its way to it counts as dirty.
                for (long block = 0; block < limit; block++) {
                    write(file, block);
                }
                assertThat(cache(volume).dirty() / Block.SIZE).isEqualTo(limit);
            } finally {
                standing.released.countDown();
            }
            write(file, limit);
            write(file, limit + 1);
            file.flush();
            assertThat(cache(volume).dirty()).isZero();
        }
    }

    private static VolumeMetrics.Cache cache(StoredVolume volume) {
        return volume.metrics().orElseThrow().cache();
    }

    private static void write(StoredFile file, long block) throws HoldfastException {
        file.write(block * Block.SIZE, MemorySegment.ofArray(TestBuffers.random(block, 1)));
    }

    private static final class Standing implements IoHook {
        final CountDownLatch released = new CountDownLatch(1);

        @Override
        public void before(Operation operation, long block, long blocks) {
            if (operation != Operation.WRITE) {
                return;
            }
            try {
                released.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }
}
