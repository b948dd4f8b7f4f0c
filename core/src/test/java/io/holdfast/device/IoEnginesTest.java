package io.holdfast.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IoEnginesTest {
    @TempDir
    Path directory;

    private Path volume;
    private final List<String> asked = new ArrayList<>();

    @BeforeEach
    void create() throws Exception {
        volume = directory.resolve("volume");
        FileDevice.create(volume, 1 << 20, false).close();
    }

    /** An engine that notes that it was asked, and then does what the plain one does or fails. */
    private final class Engine implements IoEngine {
        private final String name;
        private final IOException failure;

        Engine(String name, IOException failure) {
            this.name = name;
            this.failure = failure;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public BlockFile open(Path path, boolean writable, boolean direct) throws IOException {
            asked.add(name);
            if (failure != null) {
                throw failure;
            }
            return IoEngine.PLAIN.open(path, writable, direct);
        }
    }

    private Engine works(String name) {
        return new Engine(name, null);
    }

    private Engine refused(String name) {
        return new Engine(name, new EngineRefusedException("the kernel is too old", new IOException()));
    }

    private void open(String choice, IoEngine... engines) throws HoldfastException {
        new IoEngines(List.of(engines)).openBy(choice, volume, true, false).close();
    }

    @Test
    void takesTheFirstThatWorks() throws Exception {
        open("auto", works("fast"), works("other"));
        open("auto", refused("faster"), works("fast"), works("other"));
        assertThat(asked).containsExactly("fast", "faster", "fast");
    }

    @Test
    void takesTheNamedOneOrNone() throws Exception {
        open("other", works("fast"), works("other"));
        assertThatThrownBy(() -> open("fast", refused("fast"), works("other")))
                .isInstanceOfSatisfying(
                        HoldfastException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNSUPPORTED))
                .hasMessageContaining("too old");
        assertThat(asked).containsExactly("other", "fast");
        assertThatThrownBy(() -> open("faster", works("fast"), IoEngine.PLAIN))
                .isInstanceOfSatisfying(
                        HoldfastException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID))
                .hasMessageContaining("'faster'")
                .hasMessageContaining("auto, fast, plain");
    }

    @Test
    void aRefusalIsNoReasonToGoThroughThePageCache() throws Exception {
        IoEngines engines = new IoEngines(List.of(refused("fast"), works("other")));
        engines.openBy("auto", volume, true, true).close();
        assertThat(asked.getFirst()).isEqualTo("fast");
        assertThat(asked).containsOnlyOnce("fast");
    }

    @Test
    void whatIsWrongWithTheFileIsNoReasonToTryAnother() {
        assertThatThrownBy(() -> open("auto", new Engine("fast", new NoSuchFileException("volume")), works("other")))
                .isInstanceOfSatisfying(
                        HoldfastException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND));
        assertThat(asked).containsExactly("fast");
    }

    @Test
    void thePlainOneIsAlwaysThere() throws Exception {
        try (FileDevice device = IoEngines.open(volume, false, false, "plain")) {
            assertThat(device.blocks()).isEqualTo(Files.size(volume) / Block.SIZE);
        }
        IoEngines.open(volume, false, false, "auto").close();
    }
}
