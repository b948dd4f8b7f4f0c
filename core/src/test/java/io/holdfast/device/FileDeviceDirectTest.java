package io.holdfast.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** On a file system that takes direct I/O, which all common ones on disks do. */
final class FileDeviceDirectTest extends FileDeviceContract {
    FileDeviceDirectTest() {
        super(true, IoEngine.PLAIN);
    }

    @Test
    void goesThroughThePageCacheWhereDirectIoIsRefused() throws Exception {
        Path refusing = Path.of("/proc/version");
        Assumptions.assumeTrue(Files.isRegularFile(refusing), "no file system that refuses");
        try (FileDevice device = FileDevice.open(refusing, false, true)) {
            assertThat(device.directIo()).isFalse();
        }
    }
}
