package io.holdfast.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.error.ErrorCode;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On a block device, past the page cache. */
final class FileDeviceBlockTest extends DeviceContract {
    @TempDir
    Path directory;

    private LoopDevice loop;

    @Override
    protected Device make() throws Exception {
        Path file = directory.resolve("image");
        FileDevice.create(file, BLOCKS * (long) Device.BLOCK_SIZE, false).close();
        loop = LoopDevice.on(file).orElse(null);
        Assumptions.assumeTrue(loop != null, "no loop device");
        return FileDevice.open(loop.node(), true, true);
    }

    @AfterEach
    void detach() throws Exception {
        if (loop != null) {
            device().close();
            loop.close();
        }
    }

    @Test
    void goesPastThePageCache() {
        assertThat(device().directIo()).isTrue();
    }

    @Test
    void cannotGrow() throws Exception {
        assertThatThrownBy(() -> FileDevice.create(loop.node(), (BLOCKS + 1) * 4096L, true))
                .satisfies(e -> hasCode(e, ErrorCode.INVALID))
                .hasMessageContaining(loop.node().toString());
        try (FileDevice part = FileDevice.create(loop.node(), (BLOCKS - 1) * 4096L, true)) {
            assertThat(part.blocks()).isEqualTo(BLOCKS - 1);
        }
    }

    @Test
    void hasTheNumberOfItsNode() throws Exception {
        BlockDeviceNumber number = BlockDeviceNumber.of(loop.node()).orElseThrow();
        assertThat(number.major()).isEqualTo(7);
        assertThat(loop.node()).hasToString("/dev/loop" + number.minor());
        assertThat(number.bytes()).isEqualTo(BLOCKS * 4096L);
        assertThat(BlockDeviceNumber.of(directory)).isEmpty();
        assertThat(BlockDeviceNumber.of(Path.of("/dev/null"))).isEmpty();
    }

    @Test
    void takesLargeDeviceNumbersApart() {
        assertThat(BlockDeviceNumber.decode(0x801)).hasToString("8:1");
        assertThat(BlockDeviceNumber.decode(0x11032cL)).hasToString("259:300");
    }
}
