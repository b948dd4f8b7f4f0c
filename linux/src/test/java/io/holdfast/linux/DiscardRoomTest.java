package io.holdfast.linux;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.FileDevice;
import io.holdfast.device.FileSpace;
import io.holdfast.device.LoopDevice;
import io.holdfast.device.TestBuffers;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What was discarded takes no room any more: of a volume file, and of what lies below a block device. */
class DiscardRoomTest {
    private static final int BLOCKS = 4096;
    private static final long BYTES = BLOCKS * 4096L;

    @TempDir
    private Path folder;

    private long taken() throws Exception {
        return FileSpace.of(folder.resolve("volume")).orElseThrow();
    }

    @Test
    void ofAFile() throws Exception {
        try (FileDevice device = FileDevice.create(folder.resolve("volume"), BYTES, true, Uring.engine())) {
            giveBack(device);
            // Whoever writes there next takes the room again.
            device.allocate(1024, 1);
            assertThat(taken()).isGreaterThan(BYTES / 2 - (1 << 20));
        }
    }

    @Test
    void ofABlockDevice() throws Exception {
        FileDevice.create(folder.resolve("volume"), BYTES, false).close();
        LoopDevice loop = LoopDevice.on(folder.resolve("volume")).orElse(null);
        Assumptions.assumeTrue(loop != null, "no loop device");
        try (loop;
                FileDevice device = FileDevice.open(loop.node(), true, true, Uring.engine())) {
            giveBack(device);
        }
    }

    private void giveBack(FileDevice device) throws Exception {
        for (int block = 0; block < BLOCKS; block += 64) {
            TestBuffers.write(device, block, TestBuffers.random(block, 64));
        }
        device.flush();
        assertThat(taken()).isGreaterThanOrEqualTo(BYTES);
        assertThat(device.discard(512, 3072)).isTrue();
        device.flush();
        assertThat(taken()).isLessThan(BYTES / 3);
        assertThat(TestBuffers.read(device, 448, 64)).isEqualTo(TestBuffers.random(448, 64));
        assertThat(TestBuffers.read(device, 3584, 64)).isEqualTo(TestBuffers.random(3584, 64));
    }
}
