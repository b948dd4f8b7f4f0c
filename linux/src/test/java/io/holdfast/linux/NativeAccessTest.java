package io.holdfast.linux;

import static org.assertj.core.api.Assertions.assertThat;

import com.dynatrace.hash4j.hashing.Hashing;
import io.holdfast.clients.Program;
import io.holdfast.engine.Volumes;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What docs/examples/Library.java says of the warnings of the virtual machine when this module is on the class path. */
class NativeAccessTest {
    private static final String PRINTS =
            "what was flushed stays\n" + "served from memory or disk, each block was verified: 0 checksum errors\n";

    @TempDir
    private Path folder;

    private Path example;

    @BeforeEach
    void find() throws IOException {
        example = Path.of("..", "docs", "examples", "Library.java").toRealPath();
    }

    private static String tool(String name) {
        return Path.of(System.getProperty("java.home"), "bin", name).toString();
    }

    private static Stream<Path> places() throws URISyntaxException {
        Stream.Builder<Path> places = Stream.builder();
        for (Class<?> type : new Class<?>[] {Volumes.class, NativeSyscalls.class, Hashing.class, NullMarked.class}) {
            places.add(Path.of(Objects.requireNonNull(type.getProtectionDomain().getCodeSource())
                    .getLocation()
                    .toURI()));
        }
        return places.build();
    }

    private static String classPath() throws URISyntaxException {
        return places().map(Path::toString).collect(Collectors.joining(":"));
    }

    @Test
    void theFlagOfTheCommandLineLeavesNoWarning() throws IOException, URISyntaxException {
        assertThat(Program.run(
                        folder,
                        tool("java"),
                        "-Xmx256m",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        classPath(),
                        example.toString(),
                        folder.resolve("volume").toString()))
                .isEqualTo(PRINTS);
    }

    @Test
    void theLineInTheManifestLeavesNoWarning() throws IOException, URISyntaxException {
        // A line of a manifest has at most 72 bytes; the next one goes on behind a space.
        String jars =
                "Class-Path: " + places().map(place -> place.toUri().toString()).collect(Collectors.joining(" "));
        Path manifest = Files.writeString(
                folder.resolve("manifest"),
                "Main-Class: Library\nEnable-Native-Access: ALL-UNNAMED\n" + jars.replaceAll("(.{60})", "$1\n ")
                        + "\n");
        Program.run(
                folder,
                tool("javac"),
                "-cp",
                classPath(),
                "-d",
                folder.resolve("classes").toString(),
                example.toString());
        String jar = folder.resolve("program.jar").toString();
        Program.run(
                folder,
                tool("jar"),
                "-c",
                "-f",
                jar,
                "-m",
                manifest.toString(),
                "-C",
                folder.resolve("classes").toString(),
                ".");
        assertThat(Program.run(
                        folder,
                        tool("java"),
                        "-Xmx256m",
                        "-jar",
                        jar,
                        folder.resolve("volume").toString()))
                .isEqualTo(PRINTS);
    }
}
