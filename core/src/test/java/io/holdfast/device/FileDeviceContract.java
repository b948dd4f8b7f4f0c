package io.holdfast.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.error.ErrorCode;
import io.holdfast.format.Block;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a device on a file must do besides, with any engine. */
public abstract class FileDeviceContract extends DeviceContract {
    private static final int LAST_BLOCK = BLOCKS - 1;

    @TempDir
    Path directory;

    private final boolean direct;
    private final IoEngine engine;

    protected FileDeviceContract(boolean direct, IoEngine engine) {
        this.direct = direct;
        this.engine = engine;
    }

    protected final Path path() {
        return directory.resolve("volume");
    }

    @Override
    protected Device make() throws Exception {
        return FileDevice.create(path(), BLOCKS * (long) Block.SIZE, direct, engine);
    }

    @Test
    void isWhatItSaysAboutThePageCache() {
        assertThat(device().directIo()).isEqualTo(direct);
    }

    @Test
    void isThereAfterReopening() throws Exception {
        TestBuffers.write(device(), LAST_BLOCK, TestBuffers.random(1, 1));
        device().flush();
        device().close();
        try (FileDevice again = FileDevice.open(path(), false, direct, engine)) {
            assertThat(again.blocks()).isEqualTo(BLOCKS);
            assertThat(TestBuffers.read(again, LAST_BLOCK, 1)).isEqualTo(TestBuffers.random(1, 1));
        }
    }

    @Test
    void growsAndLearnsThatItHasGrown() throws Exception {
        TestBuffers.write(device(), LAST_BLOCK, TestBuffers.random(1, 1));
        assertThat(device().grow(BLOCKS + 100)).isEqualTo(BLOCKS + 100);
        assertThat(device().blocks()).isEqualTo(BLOCKS + 100);
        assertThat(Files.size(path())).isEqualTo((BLOCKS + 100L) * Block.SIZE);
        TestBuffers.write(device(), BLOCKS + 99, TestBuffers.random(2, 1));
        device().flush();
        assertThat(device().grow(BLOCKS)).as("nothing is cut off").isEqualTo(BLOCKS + 100);
        TestBuffers.write(device(), BLOCKS, TestBuffers.random(3, 1));
        try (RandomAccessFile file = new RandomAccessFile(path().toFile(), "rw")) {
            file.setLength((BLOCKS + 200L) * Block.SIZE);
        }
        assertThat(device().blocks()).isEqualTo(BLOCKS + 100);
        assertThat(device().grow(0)).isEqualTo(BLOCKS + 200);
        TestBuffers.write(device(), BLOCKS + 199, TestBuffers.random(4, 1));
        device().flush();
        assertThat(TestBuffers.read(device(), LAST_BLOCK, 2))
                .isEqualTo(join(TestBuffers.random(1, 1), TestBuffers.random(3, 1)));
        assertThat(TestBuffers.read(device(), BLOCKS + 99, 1)).isEqualTo(TestBuffers.random(2, 1));
        assertThat(TestBuffers.read(device(), BLOCKS + 199, 1)).isEqualTo(TestBuffers.random(4, 1));
    }

    @Test
    void saysWhatItCannotGrowTo() throws Exception {
        assertThatThrownBy(() -> device().grow(1L << 50))
                .satisfies(e -> hasCode(e, ErrorCode.DEVICE_ERROR))
                .hasMessageContaining("cannot make it larger");
        assertThat(device().blocks()).isEqualTo(BLOCKS);
        try (FileDevice readOnly = FileDevice.open(path(), false, direct, engine)) {
            assertThatThrownBy(() -> readOnly.grow(BLOCKS + 1)).satisfies(e -> hasCode(e, ErrorCode.READ_ONLY));
        }
        device().close();
        assertThatThrownBy(() -> device().grow(BLOCKS + 1)).satisfies(e -> hasCode(e, ErrorCode.CLOSED));
    }

    @Test
    void readOnlyTakesNoWrites() throws Exception {
        try (FileDevice readOnly = FileDevice.open(path(), false, direct, engine)) {
            assertThatThrownBy(() -> TestBuffers.write(readOnly, 0, TestBuffers.random(1, 1)))
                    .satisfies(e -> hasCode(e, ErrorCode.READ_ONLY));
            assertThatThrownBy(() -> readOnly.resize(1 << 20)).satisfies(e -> hasCode(e, ErrorCode.READ_ONLY));
            readOnly.flush();
        }
    }

    @Test
    void aFileThatBecameShorterIsADeviceError() throws Exception {
        try (UninterruptibleFile file = UninterruptibleFile.open(path(), UninterruptibleFile.Mode.WRITE)) {
            file.truncate(10 * Block.SIZE + 512);
        }
        assertThat(TestBuffers.read(device(), 8, 2)).containsOnly(0);
        assertThatThrownBy(() -> TestBuffers.read(device(), 8, 4))
                .satisfies(e -> hasCode(e, ErrorCode.DEVICE_ERROR))
                .hasMessageContaining(path().toString())
                .hasMessageContaining("block 10");
    }

    @Test
    void createdFilesAreSparseAndNothingIsEverCutOff() throws Exception {
        Path path = directory.resolve("sparse");
        long bytes = 8L << 30;
        try (FileDevice device = FileDevice.create(path, bytes, direct, engine)) {
            assertThat(device.blocks()).isEqualTo(bytes / Block.SIZE);
            TestBuffers.write(device, device.blocks() - 1, TestBuffers.random(1, 1));
        }
        assertThat(Tool.run("stat", "-c", "%b", path.toString()).output().strip())
                .satisfies(sectors -> assertThat(Long.parseLong(sectors)).isLessThan(1000));
        try (FileDevice smaller = FileDevice.create(path, 1 << 20, direct, engine)) {
            assertThat(smaller.blocks()).isEqualTo(256);
        }
        assertThat(Files.size(path)).isEqualTo(bytes);
        try (FileDevice whole = FileDevice.create(path, 0, direct, engine)) {
            assertThat(whole.blocks()).isEqualTo(bytes / Block.SIZE);
            assertThat(TestBuffers.read(whole, whole.blocks() - 1, 1)).isEqualTo(TestBuffers.random(1, 1));
        }
    }

    @Test
    void bytesAfterTheLastBlockAreNoBlock() throws Exception {
        Path path = directory.resolve("odd");
        Files.write(path, TestBuffers.random(1, 2));
        Files.write(path, new byte[] {1}, StandardOpenOption.APPEND);
        try (FileDevice device = FileDevice.open(path, true, direct, engine)) {
            assertThat(device.blocks()).isEqualTo(2);
            assertThat(TestBuffers.read(device, 0, 2)).isEqualTo(TestBuffers.random(1, 2));
        }
    }

    @Test
    void sizesMustBeWholeBlocks() {
        assertThatThrownBy(() -> FileDevice.create(path(), 4097, direct, engine))
                .satisfies(e -> hasCode(e, ErrorCode.INVALID));
    }

    @Test
    void saysWhatCannotBeOpened() {
        assertThatThrownBy(() -> FileDevice.open(directory.resolve("missing"), true, direct, engine))
                .satisfies(e -> hasCode(e, ErrorCode.NOT_FOUND))
                .hasMessageContaining("missing");
        assertThatThrownBy(() -> FileDevice.open(directory, false, direct, engine))
                .satisfies(e -> hasCode(e, ErrorCode.IS_A_DIRECTORY));
        assertThatThrownBy(() -> FileDevice.open(Path.of("/dev/null"), true, direct, engine))
                .satisfies(e -> hasCode(e, ErrorCode.INVALID));
        Path fresh = directory.resolve("fresh");
        assertThatThrownBy(() -> FileDevice.create(fresh, 4097, direct, engine))
                .satisfies(e -> hasCode(e, ErrorCode.INVALID));
        assertThat(fresh).as("nothing is left behind").doesNotExist();
    }
}
