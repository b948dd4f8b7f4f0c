package io.holdfast.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.device.FileDevice;
import io.holdfast.device.FileSpace;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a file takes of its file system, which is less than its size where it has holes. */
class LinuxFileSpaceTest {
    private static final int MIB = 1 << 20;

    @TempDir
    private Path folder;

    @Test
    void holesTakeNothing() throws IOException {
        Path file = folder.resolve("fíle");
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(100L * MIB);
        }
        assertThat(FileSpace.of(file)).isPresent();
        assertThat(FileSpace.of(file).getAsLong()).isLessThan(MIB);
        Files.write(folder.resolve("full"), new byte[8 * MIB]);
        assertThat(FileSpace.of(folder.resolve("full")).getAsLong()).isBetween(8L * MIB, 9L * MIB);
    }

    @Test
    void whatIsNoRegularFileTakesNothingThatIsKnown() throws IOException {
        assertThat(FileSpace.of(folder)).isEmpty();
    }

    /** As in a sandbox that forbids the call, or with a kernel that has none. */
    @Test
    void aCallThatFailsTellsNothing() throws IOException {
        LinuxFileSpace failing = new LinuxFileSpace(() -> Optional.of((_, _) -> -1));
        assertThat(failing.taken(Files.write(folder.resolve("there"), new byte[MIB])))
                .isEmpty();
        assertThatThrownBy(() -> failing.taken(folder.resolve("none")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("none");
    }

    @Test
    void aFileThatIsNotThereIsAnError() {
        assertThatThrownBy(() -> FileSpace.of(folder.resolve("none")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("none");
    }

    /** A device whose file was renamed while it is open cannot ask what the file has; it asks for room all the same. */
    @Test
    void aFileThatWasRenamedIsNoFailure() throws IOException {
        Path file = folder.resolve("renamed");
        try (FileDevice device = FileDevice.create(file, 16L * MIB, false)) {
            Files.move(file, folder.resolve("other"));
            assertThatCode(() -> device.allocate(0, 256)).doesNotThrowAnyException();
        }
    }
}
