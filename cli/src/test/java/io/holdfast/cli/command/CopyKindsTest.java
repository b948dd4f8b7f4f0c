package io.holdfast.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.fake.Household.Result;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Import from and export to every kind of file: a complete copy, or an error that names the kind. */
class CopyKindsTest extends CommandFixture {
    private static final byte[] DATA = new byte[300_001];

    static {
        new Random(12).nextBytes(DATA);
    }

    @BeforeEach
    void makeDisk() {
        home.withInput(DATA);
        ok("import", "-", "VOLUME", "/disk");
    }

    private void refused(int status, String name, String words, String... args) {
        Result result = home.run(args);
        assertThat(result.status()).as(String.join(" ", args) + result.err()).isEqualTo(status);
        assertThat(result.err())
                .startsWith("holdfast: ")
                .contains(name)
                .contains(words)
                .doesNotContain("Exception");
    }

    private Path pipe() throws IOException {
        Path pipe = folder.resolve("pipe");
        Assumptions.assumeTrue(runs("mkfifo", pipe.toString()), "there is no mkfifo here");
        return pipe;
    }

    private static boolean runs(String... command) throws IOException {
        try {
            return new ProcessBuilder(command).start().waitFor() == 0;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void importReadsAPipeToItsEnd() throws IOException {
        Path pipe = pipe();
        CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> write(pipe, DATA));
        ok("import", "--force", pipe.toString(), "VOLUME", "/piped");
        writer.join();
        assertThat(exported("/piped")).isEqualTo(DATA);
    }

    private static void write(Path file, byte[] data) {
        try {
            Files.write(file, data);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void exportWritesAPipeWithoutForce() throws IOException {
        Path pipe = pipe();
        CompletableFuture<byte[]> reader = CompletableFuture.supplyAsync(() -> read(pipe));
        ok("export", "VOLUME", "/disk", pipe.toString());
        assertThat(reader.join()).isEqualTo(DATA);
    }

    private static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void importReadsFilesOfProcToTheirEnd() throws IOException {
        Path version = Path.of("/proc/version");
        Assumptions.assumeTrue(Files.exists(version), "there is no /proc here");
        ok("import", version.toString(), "VOLUME", "/version");
        assertThat(exported("/version")).isEqualTo(Files.readAllBytes(version));
    }

    @Test
    void importRefusesAFileThatHasLessThanItSays() throws IOException {
        Path file = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
        Assumptions.assumeTrue(Files.exists(file), "there is no /sys here");
        refused(1, file.toString(), "ended after", "import", "--force", file.toString(), "VOLUME", "/disk");
        assertThat(exported("/disk")).isEqualTo(DATA);
    }

    @Test
    void importTakesAnEmptyFile() throws IOException {
        ok("import", Files.createFile(folder.resolve("empty")).toString(), "VOLUME", "/empty");
        assertThat(exported("/empty")).isEmpty();
    }

    @Test
    void neitherTakesWhatHasNoContentsOfItsOwn() throws IOException {
        Path socket = folder.resolve("socket");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            neither(2, socket, "is a socket");
        }
        neither(2, Path.of("/dev/null"), "is a character device");
        neither(2, Path.of("/dev/zero"), "is a character device");
        neither(11, folder, "is a directory");
        Path link = Files.createSymbolicLink(folder.resolve("link"), folder.resolve("none"));
        neither(5, link, "is a symbolic link to what is not there");
    }

    private void neither(int status, Path file, String words) {
        Assumptions.assumeTrue(Files.exists(Path.of("/dev/zero")), "there is no /dev/zero here");
        String name = file.toString();
        refused(status, name, words, "import", "--force", name, "VOLUME", "/disk");
        for (String force : List.of("--force", "--no-progress")) {
            refused(status, name, words, "export", force, "VOLUME", "/disk", name);
        }
        assertThat(exported("/disk")).isEqualTo(DATA);
    }

    @Test
    void theVolumeIsNeitherSourceNorTarget() throws IOException {
        Path hard = Files.createLink(folder.resolve("hard"), home.volume);
        Path soft = Files.createSymbolicLink(folder.resolve("soft"), home.volume);
        byte[] before = Files.readAllBytes(home.volume);
        for (Path name : List.of(home.volume, hard, soft)) {
            refused(2, name.toString(), "is the volume", "import", name.toString(), "VOLUME", "/self");
            refused(2, name.toString(), "is the volume", "export", "--force", "VOLUME", "/disk", name.toString());
        }
        assertThat(home.volume).hasBinaryContent(before);
    }

    @Test
    void aFileThatIsReplacedKeepsItsModeAndHasItsNewContentsAtOnce() throws IOException {
        Path file = Files.writeString(folder.resolve("old"), "old");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        Path other = Files.createLink(folder.resolve("other name"), file);
        ok("export", "--force", "VOLUME", "/disk", file.toString());
        assertThat(file).hasBinaryContent(DATA);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-r-----");
        assertThat(other).hasContent("old");
    }

    @Test
    void everyNameThatTheFileSystemTakesCanBeExportedTo() {
        Path file = folder.resolve("n".repeat(255));
        ok("export", "VOLUME", "/disk", file.toString());
        ok("export", "--force", "VOLUME", "/disk", file.toString());
        assertThat(file).hasBinaryContent(DATA);
        refused(1, file + "n", "too long", "export", "VOLUME", "/disk", file + "n");
    }

    @Test
    void aMissingDirectoryIsNamed() {
        Path missing = folder.resolve("missing");
        refused(5, missing + ": no such", "no such", "export", "VOLUME", "/disk", missing + "/file");
    }
}
