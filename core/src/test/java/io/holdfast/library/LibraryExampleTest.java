package io.holdfast.library;

import static org.assertj.core.api.Assertions.assertThat;

import com.dynatrace.hash4j.hashing.Hashing;
import io.holdfast.clients.Program;
import io.holdfast.engine.Volumes;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of the documentation, compiled and run with the engine as a library, as a module and on a class path. */
class LibraryExampleTest {
    @TempDir
    private Path folder;

    private static String placeOf(Class<?> type) throws URISyntaxException {
        return Path.of(Objects.requireNonNull(type.getProtectionDomain().getCodeSource())
                        .getLocation()
                        .toURI())
                .toString();
    }

    /** Runs the example; what the virtual machine warns of would be in the output. */
    private void assertRuns(String... flags) throws IOException {
        List<String> line = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC", "-Xmx256m"));
        line.addAll(List.of(flags));
        line.add(Path.of("..", "docs", "examples", "Library.java").toRealPath().toString());
        line.add(folder.resolve("volume").toString());
        assertThat(Program.run(folder, line.toArray(String[]::new)))
                .isEqualTo("what was flushed stays\n"
                        + "served from memory or disk, each block was verified: 0 checksum errors\n");
    }

    private static String places() throws URISyntaxException {
        return String.join(":", placeOf(Volumes.class), placeOf(Hashing.class), placeOf(NullMarked.class));
    }

    @Test
    void runsAsAModule() throws IOException, URISyntaxException {
        assertRuns("--module-path", places(), "--add-modules", "io.holdfast.core");
    }

    @Test
    void runsOnAClassPathWithoutAWarning() throws IOException, URISyntaxException {
        assertRuns("-cp", places());
    }
}
