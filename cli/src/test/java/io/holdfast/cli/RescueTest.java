package io.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.check.VolumeFileDamage;
import io.holdfast.engine.Volumes;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code holdfast rescue} of volumes with damage in every structure: what the damage does not touch comes out as it was. */
@Timeout(120)
class RescueTest {
    private static final int BLOCK = 4096;
    private static final int LEAF_BYTES = 256 * BLOCK;
    private static final int MANY = 200;

    @TempDir
    private Path folder;

    private Path volume;
    private Path target;
    private final Map<String, byte[]> contents = new LinkedHashMap<>();
    private final Map<String, Long> numbers = new TreeMap<>();
    private String out = "";
    private String err = "";

    @BeforeEach
    void make() throws IOException {
        volume = folder.resolve("v");
        target = folder.resolve("rescued");
        Volumes.format(volume, FormatOptions.ofSize(64L << 20));
        try (Volume open = Volumes.open(volume, OpenOptions.readWrite())) {
            for (String directory : List.of("/d", "/d/sub", "/many")) {
                open.mkdir(directory, CreateOptions.directory());
                numbers.put(directory, open.status(directory).inode());
            }
            write(open, "/a", 2 * LEAF_BYTES + 77, CreateOptions.file());
            write(open, "/d/b", 5 * BLOCK, CreateOptions.file());
            write(open, "/d/sub/c", 3, CreateOptions.file());
            write(open, "/d/raw", 2 * BLOCK, CreateOptions.file().withoutChecksum());
            for (int i = 0; i < MANY; i++) {
                write(open, "/many/a-name-of-some-length-" + i, 1 + i, CreateOptions.file());
            }
            open.checkpoint();
            write(open, "/last", 10, CreateOptions.file());
            open.symlink("/link", "/nowhere/at/all");
            open.link("/d/b", "/d/also");
        }
    }

    private void write(Volume open, String path, int length, CreateOptions options) throws IOException {
        byte[] content = new byte[length];
        new Random(path.hashCode()).nextBytes(content);
        contents.put(path, content);
        try (StoredFile file = open.create(path, options)) {
            file.write(0, MemorySegment.ofArray(content));
            numbers.put(path, file.inode());
        }
    }

    private int run(String... args) {
        ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
        ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
        int status = new HoldfastCli(new CliContext(
                        Engine.HOLDFAST,
                        InputStream.nullInputStream(),
                        new PrintStream(outBytes, true, StandardCharsets.UTF_8),
                        new PrintStream(errBytes, true, StandardCharsets.UTF_8),
                        () -> false,
                        Cancellation.none()))
                .run(args);
        out = outBytes.toString(StandardCharsets.UTF_8);
        err = errBytes.toString(StandardCharsets.UTF_8);
        return status;
    }

    /** Rescues, and finds the volume as it was before. Returns the list of what is lost. */
    private String rescue(int status) throws IOException {
        byte[] before = Files.readAllBytes(volume);
        assertThat(run("rescue", volume + "", target + "")).as(err + out).isEqualTo(status);
        assertThat(volume).hasBinaryContent(before);
        return Files.readString(target.resolve("LOST.txt"));
    }

    private Path copyOf(String path) {
        return target.resolve(path.substring(1));
    }

    /** All files but these have the names and contents that they had. */
    private void assertRescuedBut(Set<String> others) {
        contents.forEach((path, content) -> {
            if (!others.contains(path)) {
                assertThat(copyOf(path)).as(path).hasBinaryContent(content);
            }
        });
    }

    @Test
    void aVolumeThatIsWhole() throws IOException {
        String lost = rescue(0);
        assertRescuedBut(Set.of());
        assertThat(Files.readSymbolicLink(copyOf("/link"))).hasToString("/nowhere/at/all");
        assertThat(Files.isSameFile(copyOf("/d/b"), copyOf("/d/also"))).isTrue();
        assertThat(lost).startsWith("/d/raw: has no checksums");
        assertThat(out).contains("rescued 205 files", "3 directories and 2 links", "nothing is lost");
        assertThat(target.resolve("lost+found")).doesNotExist();
        assertThat(run("rescue", volume + "", target + "")).isEqualTo(6);
        assertThat(err).contains(target + " is not empty");
    }

    /** Every copy of the newest superblock, or of the one before it. The first one's log has what came after it. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void superblocks(boolean newest) throws IOException {
        VolumeFileDamage.of(volume).superblocks(newest);
        String lost = rescue(7);
        assertThat(lost).contains("superblock in block");
        assertRescuedBut(newest ? Set.of("/last") : Set.of());
    }

    /** The newest checkpoint cannot be read; the one before it has all but the last files, or its log has these, too. */
    @Test
    void theRootOfTheTree() throws IOException {
        long root = VolumeFileDamage.of(volume).treeRoot();
        String lost = rescue(7);
        assertThat(lost)
                .contains(
                        "cannot be read: " + volume + ": tree node in block " + root,
                        "changes after it may be missing");
        assertRescuedBut(Set.of("/last"));
    }

    @Test
    void theTreeOfNoCheckpoint() throws IOException {
        VolumeFileDamage.of(volume).treeRoot();
        VolumeFileDamage.of(volume).superblocks(false);
        assertThat(run("rescue", volume + "", target + "")).isEqualTo(7);
        assertThat(err).contains("no checkpoint can be read");
        assertThat(target).doesNotExist();
    }

    /** Some names of a directory are gone, not the files. */
    @Test
    void namesOfADirectory() throws IOException {
        String name = "a-name-of-some-length-150";
        long leaf = VolumeFileDamage.of(volume).leafOfName(numbers.get("/many"), name);
        String lost = rescue(7);
        assertThat(lost).contains("tree node in block " + leaf);
        int nameless = 0;
        for (Map.Entry<String, byte[]> file : contents.entrySet()) {
            Path copy = copyOf(file.getKey());
            if (!Files.exists(copy)) {
                copy = target.resolve("lost+found/inode-" + numbers.get(file.getKey()));
                assertThat(lost).contains("inode-" + numbers.get(file.getKey()) + ": its name cannot be read");
                nameless++;
            }
            assertThat(copy).as(file.getKey()).hasBinaryContent(file.getValue());
        }
        assertThat(nameless).isBetween(1, MANY - 1);
        assertThat(out).contains(nameless + " of them are in lost+found");
    }

    /** An entry says that a directory is a file: what is in the directory comes out all the same. */
    @Test
    void anEntryOfTheWrongKind() throws IOException {
        VolumeFileDamage.of(volume).kindOfEntry(1, "d", 1);
        rescue(0);
        assertRescuedBut(Set.of());
    }

    /** Records of files are gone, and with them where their data is. */
    @Test
    void recordsOfFiles() throws IOException {
        String hit = "/many/a-name-of-some-length-100";
        long leaf = VolumeFileDamage.of(volume).leafOfRecord(numbers.get(hit));
        String lost = rescue(7);
        assertThat(lost).contains("tree node in block " + leaf, hit + ": cannot be read: ");
        long missing = 0;
        for (Map.Entry<String, byte[]> file : contents.entrySet()) {
            if (Files.exists(copyOf(file.getKey()))) {
                assertThat(copyOf(file.getKey())).as(file.getKey()).hasBinaryContent(file.getValue());
            } else {
                assertThat(lost).contains(file.getKey() + ": cannot be read: ");
                missing++;
            }
        }
        assertThat(missing).isBetween(1L, MANY - 1L);
    }

    @Test
    void partsOfAFile() throws IOException {
        VolumeFileDamage damage = VolumeFileDamage.of(volume);
        damage.mapNode(numbers.get("/a"), 256, 1);
        damage.data(numbers.get("/a"), 3);
        String lost = rescue(7);
        assertThat(lost)
                .contains(
                        "/a: offset 12288, length 4096 is zero in the copy: ",
                        "/a: offset 1048576, length 1048576 is zero in the copy: ");
        byte[] expected = contents.get("/a").clone();
        Arrays.fill(expected, 3 * BLOCK, 4 * BLOCK, (byte) 0);
        Arrays.fill(expected, LEAF_BYTES, 2 * LEAF_BYTES, (byte) 0);
        assertThat(copyOf("/a")).hasBinaryContent(expected);
        assertRescuedBut(Set.of("/a"));
        assertThat(out).contains("damaged or lost: 2 places, 1 MiB of files");
    }

    @Test
    void theSpaceMap() throws IOException {
        VolumeFileDamage.of(volume).spaceMap();
        assertThat(rescue(7)).contains("space map");
        assertRescuedBut(Set.of());
    }

    /** The process died, and a record of its log is damaged: what is behind it is lost, and what is before it is not. */
    @Test
    void theLog() throws IOException {
        Path crashed = folder.resolve("crashed");
        try (Volume open = Volumes.open(volume, OpenOptions.readWrite())) {
            for (String path : List.of("/log0", "/log1", "/log2")) {
                write(open, path, 2 * BLOCK, CreateOptions.file());
                open.sync();
            }
            Files.copy(volume, crashed);
        }
        volume = crashed;
        VolumeFileDamage damage = VolumeFileDamage.of(volume);
        damage.logRecord(damage.logRecords() - 2);
        assertThat(rescue(7)).contains("log record");
        assertRescuedBut(Set.of("/log1", "/log2"));
        assertThat(copyOf("/log0")).hasBinaryContent(contents.get("/log0"));
    }

    @Test
    void aDeviceThatWasCutOff() throws IOException {
        try (FileChannel channel = FileChannel.open(volume, StandardOpenOption.WRITE)) {
            channel.truncate(60L << 20);
        }
        assertThat(rescue(7)).contains("the device ends after");
        assertRescuedBut(Set.of());
    }

    /** What the rescue itself writes in the target has no place for files of the same names. */
    @Test
    void namesThatTheRescueNeeds() throws IOException {
        try (Volume open = Volumes.open(volume, OpenOptions.readWrite())) {
            write(open, "/LOST.txt", 9, CreateOptions.file());
            open.mkdir("/lost+found", CreateOptions.directory());
            write(open, "/lost+found/x", 9, CreateOptions.file());
        }
        String lost = rescue(0);
        String copy = "lost+found/inode-" + numbers.get("/LOST.txt");
        assertThat(lost).contains("/LOST.txt: its copy is " + copy);
        assertThat(target.resolve(copy)).hasBinaryContent(contents.get("/LOST.txt"));
        try (var found = Files.walk(target.resolve("lost+found"))) {
            assertThat(found.filter(path -> path.endsWith("x"))).hasSize(1);
        }
        assertRescuedBut(Set.of("/LOST.txt", "/lost+found/x"));
    }

    @Test
    void whatIsRefused() throws IOException {
        Path other = Files.write(folder.resolve("file"), new byte[32 << 20]);
        assertThat(run("rescue", other + "", target + "")).isEqualTo(8);
        assertThat(run("rescue", volume + "", other + "")).isEqualTo(11);
        assertThat(Files.exists(target, LinkOption.NOFOLLOW_LINKS)).isFalse();
        assertThat(run("rescue", folder.resolve("none") + "", target + "")).isEqualTo(5);
        try (Volume _ = Volumes.open(volume, OpenOptions.readWrite())) {
            assertThat(run("rescue", volume + "", target + "")).isEqualTo(3);
        }
    }
}
