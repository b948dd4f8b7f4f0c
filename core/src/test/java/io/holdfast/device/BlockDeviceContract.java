package io.holdfast.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.error.ErrorCode;
import io.holdfast.format.Block;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a device on a block device must do besides, past the page cache, with any engine. */
public abstract class BlockDeviceContract extends DeviceContract {
    @TempDir
    Path directory;

    private final IoEngine engine;
    private LoopDevice loop;

    protected BlockDeviceContract(IoEngine engine) {
        this.engine = engine;
    }

    final Path node() {
        return loop.node();
    }

    @Override
    protected Device make() throws Exception {
        Path file = directory.resolve("image");
        FileDevice.create(file, BLOCKS * (long) Block.SIZE, false).close();
        loop = LoopDevice.on(file).orElse(null);
        Assumptions.assumeTrue(loop != null, "no loop device");
        return FileDevice.open(loop.node(), true, true, engine);
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
    void learnsThatItHasGrown() throws Exception {
        assertThatThrownBy(() -> device().grow(BLOCKS + 1))
                .satisfies(e -> hasCode(e, ErrorCode.INVALID))
                .hasMessageContaining(loop.node().toString());
        assertThat(device().grow(0)).isEqualTo(BLOCKS);
        try (RandomAccessFile file =
                new RandomAccessFile(directory.resolve("image").toFile(), "rw")) {
            file.setLength((BLOCKS + 64L) * Block.SIZE);
        }
        assertThat(Tool.run("losetup", "--set-capacity", loop.node().toString()).status())
                .isZero();
        assertThat(device().blocks()).isEqualTo(BLOCKS);
        assertThat(device().grow(BLOCKS + 64)).isEqualTo(BLOCKS + 64);
        TestBuffers.write(device(), BLOCKS + 63, TestBuffers.random(2, 1));
        device().flush();
        assertThat(TestBuffers.read(device(), BLOCKS + 63, 1)).isEqualTo(TestBuffers.random(2, 1));
    }

    @Test
    void cannotGrow() throws Exception {
        assertThatThrownBy(() -> FileDevice.create(loop.node(), (BLOCKS + 1) * 4096L, true, engine))
                .satisfies(e -> hasCode(e, ErrorCode.INVALID))
                .hasMessageContaining(loop.node().toString());
        try (FileDevice part = FileDevice.create(loop.node(), (BLOCKS - 1) * 4096L, true, engine)) {
            assertThat(part.blocks()).isEqualTo(BLOCKS - 1);
        }
    }
}
