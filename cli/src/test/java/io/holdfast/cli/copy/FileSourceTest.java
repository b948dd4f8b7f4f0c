package io.holdfast.cli.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.text.Sizes;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An import never accepts a file that changed size while it was read. */
class FileSourceTest {
    @TempDir
    private Path folder;

    /** The number of a closed descriptor is that of what is opened next. */
    @Test
    void closingTwiceClosesNothingElse() throws IOException {
        Path file = Files.write(folder.resolve("f"), new byte[10_000]);
        FileSource source = FileSource.open(file);
        source.close();
        try (FileChannel first = FileChannel.open(file, StandardOpenOption.READ);
                FileChannel second = FileChannel.open(file, StandardOpenOption.READ)) {
            source.close();
            assertThat(first.read(ByteBuffer.allocate(10), 0)).isEqualTo(10);
            assertThat(second.read(ByteBuffer.allocate(10), 0)).isEqualTo(10);
        }
    }

    @Test
    void aFileThatIsCutWhileItIsReadIsAnError() throws IOException {
        Path file = Files.write(folder.resolve("f"), new byte[10_000]);
        try (FileSource source = FileSource.open(file)) {
            source.read(0, ByteBuffer.allocate(4096));
            cut(file, 6000);
            assertThatThrownBy(() -> source.read(4096, ByteBuffer.allocate(4096)))
                    .hasMessageContaining(file.toString())
                    .hasMessageContaining("had 9.8 KiB (10000 bytes) and ended after 5.9 KiB (6000 bytes)");
        }
    }

    @Test
    void aFileThatHasAnotherSizeAtTheEndIsAnError() throws IOException {
        Path file = Files.write(folder.resolve("f"), new byte[10_000]);
        for (long size : new long[] {9000, 11_000}) {
            cut(file, 10_000);
            try (FileSource source = FileSource.open(file)) {
                source.read(0, ByteBuffer.allocate(8192));
                cut(file, size);
                assertThatThrownBy(source::finish).hasMessageContaining("ended after " + Sizes.exact(size));
            }
        }
    }

    @Test
    void aFileThatIsReplacedWhileItIsReadIsReadAsItWas() throws IOException {
        Path file = Files.write(folder.resolve("f"), new byte[] {1, 2, 3});
        try (FileSource source = FileSource.open(file)) {
            Files.move(
                    Files.write(folder.resolve("g"), new byte[1]), file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
            ByteBuffer read = ByteBuffer.allocate(3);
            assertThat(source.nextData(0)).isZero();
            assertThat(source.read(0, read)).isEqualTo(3);
            assertThat(read.array()).containsExactly(1, 2, 3);
            source.finish();
        }
    }

    @Test
    void dataIsFoundWhereverItBegins() throws IOException {
        Path file = folder.resolve("f");
        assertThat(LateData.find(file, Cancellation.none())).isEmpty();
        for (long at : new long[] {5L << 30, 1 << 20, 4097, 0}) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                channel.write(ByteBuffer.allocate(1 << 20), 6L << 30);
                assertThat(LateData.find(file, Cancellation.none()).orElse(7L << 30))
                        .isGreaterThan(at);
                channel.write(ByteBuffer.wrap(new byte[] {1}), at);
            }
            assertThat(LateData.find(file, Cancellation.none())).isEqualTo(OptionalLong.of(at / 4096 * 4096));
        }
    }

    private static void cut(Path file, long size) throws IOException {
        try (RandomAccessFile changed = new RandomAccessFile(file.toFile(), "rw")) {
            changed.setLength(size);
        }
    }
}
