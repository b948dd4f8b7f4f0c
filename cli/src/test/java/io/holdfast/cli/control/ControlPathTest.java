package io.holdfast.cli.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.holdfast.cli.fake.Household;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControlPathTest {
    @TempDir
    private Path folder;

    @Test
    void besideTheVolumeWhicheverWayItIsNamed() throws IOException {
        Path volume = Files.createFile(folder.resolve("v"));
        Path link = Files.createSymbolicLink(folder.resolve("link"), volume);
        Path first = ControlPath.of(link, Map.of()).candidates().getFirst();
        assertThat(first).isEqualTo(Path.of(volume.toRealPath() + ".sock"));
    }

    @Test
    void aLongPathHasItsSocketElsewhere() throws IOException {
        Path deep = Files.createDirectories(folder.resolve("x".repeat(60)).resolve("y".repeat(60)));
        Path volume = Files.createFile(deep.resolve("v"));
        assertThat(ControlPath.of(volume, Map.of()).candidates())
                .singleElement()
                .satisfies(p -> assertThat(p.toString().length()).isLessThan(ControlPath.PATH_BYTES_MAX))
                .isNotEqualTo(ControlPath.of(Files.createFile(deep.resolve("w")), Map.of())
                        .candidates()
                        .getFirst());
    }

    @Test
    void aDeviceHasItsSocketElsewhere() throws IOException {
        assertThat(ControlPath.of(Path.of("/dev/null"), Map.of()).candidates())
                .singleElement()
                .satisfies(p -> assertThat(p.startsWith("/dev")).isFalse());
    }

    @Test
    void nobodyElseCanUseTheSocket() throws IOException {
        Household home = new Household(folder).formatted().serve();
        Path socket = home.controlSocket();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                .isEqualTo("rw-------");
        home.close();
        assertThat(folder.toFile().list()).containsExactly("v.holdfast");
    }

    @Test
    void commandsWorkWithALongPath() throws IOException {
        Path deep = Files.createDirectories(folder.resolve("x".repeat(60)).resolve("y".repeat(60)));
        try (Household home = new Household(deep).formatted().serve()) {
            assertThat(home.controlSocket().startsWith(deep.toRealPath())).isFalse();
            assertThat(home.run("info", "VOLUME", "--json")
                            .json()
                            .path("served")
                            .asBoolean())
                    .isTrue();
        }
    }

    /** systemd makes the folder, and others may look for the sockets of clients in it. */
    @Test
    void theSystemsFolderIsUsedByThoseWhoseItIs() throws IOException {
        Path system = Files.createDirectory(folder.resolve("run"));
        Files.setPosixFilePermissions(system, PosixFilePermissions.fromString("rwxr-xr-x"));
        ControlPath path = ControlPath.of(Path.of("/dev/null"), Map.of(), system);
        Path socket = path.candidates().getFirst();
        assertThat(socket.getParent()).isEqualTo(system);
        path.prepare(socket);
        assertThat(path.isTrusted(socket)).isTrue();
        Files.setPosixFilePermissions(system, PosixFilePermissions.fromString("rwxrwxr-x"));
        assertThat(path.isTrusted(socket)).isFalse();
    }

    @Test
    void aRuntimeFolderThatOthersCouldWriteToIsNotUsed() throws IOException {
        Path volume = Files.createFile(folder.resolve("v"));
        ControlPath path = ControlPath.of(volume, Map.of());
        Path elsewhere = path.candidates().getLast();
        assumeThat(path.candidates()).hasSize(2);
        assertThat(path.isTrusted(path.candidates().getFirst())).isTrue();
        path.prepare(elsewhere);
        assertThat(path.isTrusted(elsewhere)).isTrue();
        Files.setPosixFilePermissions(elsewhere.getParent(), PosixFilePermissions.fromString("rwxrwx---"));
        try {
            assertThat(path.isTrusted(elsewhere)).isFalse();
            assertThatIOException().isThrownBy(() -> path.prepare(elsewhere)).withMessageContaining("only this user");
        } finally {
            Files.setPosixFilePermissions(elsewhere.getParent(), PosixFilePermissions.fromString("rwx------"));
        }
    }
}
