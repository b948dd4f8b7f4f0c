package io.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.control.ControlPath;
import io.holdfast.cli.control.ControlServer;
import io.holdfast.cli.text.DamageAdvice;
import io.holdfast.engine.Volumes;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Volume;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands on real volumes, from format to export, with the volume opened by each command or served. */
class RealVolumeTest {
    @TempDir
    private Path folder;

    private Path volume;
    private String out = "";
    private String err = "";

    @BeforeEach
    void start() {
        volume = folder.resolve("v");
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

    private void ok(String... args) {
        assertThat(run(args)).as("%s%s%s", String.join(" ", args), err, out).isZero();
    }

    private Path sparseFile() throws IOException {
        byte[] data = new byte[3 << 20];
        new Random(9).nextBytes(data);
        Path file = folder.resolve("file");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(data), 0);
            channel.write(ByteBuffer.wrap(data), 100 << 20);
            channel.write(ByteBuffer.wrap(data, 0, 77), (200L << 20) + 1);
        }
        return file;
    }

    private void live() throws IOException {
        String v = volume.toString();
        Path file = sparseFile();
        Path copy = folder.resolve("copy");
        ok("mkdir", "-p", v, "/a/b");
        ok("import", file.toString(), v, "/a/b/f", "--json");
        assertThat(out).contains("\"size_bytes\":" + Files.size(file));
        ok("export", v, "/a/b/f", copy.toString());
        assertThat(copy).hasSameBinaryContentAs(file);
        ok("cp", v, "/a/b/f", "/a");
        ok("export", "--force", v, "/a/f", copy.toString());
        assertThat(copy).hasSameBinaryContentAs(file);
        ok("du", "-s", v, "/a");
        assertThat(out).isEqualTo(2 * 2 * 3L * (1 << 20) + 2 * 4096 + "\t/a\n");
        ok("rm", v, "/a/f");
        ok("create", v, "/disk", "--size", "1T");
        ok("resize", v, "/disk", "--size", "2T");
        ok("mv", v, "/disk", "/a");
        ok("ls", "-l", v, "/a");
        assertThat(out).contains(" 2199023255552 ");
        ok("stat", v, "/a/b/f");
        ok("df", v);
        ok("info", v);
        ok("grow", v, "--size", "200M");
        assertThat(out).isEqualTo("grew " + v + " from 64 MiB to 200 MiB\n");
        assertThat(Files.size(volume)).isEqualTo(200 << 20);
        ok("df", "-h", v);
        assertThat(out).contains("200 MiB");
        ok("check", v);
        assertThat(out).endsWith("clean\n");
        ok("rm", "-r", v, "/a");
        ok("ls", v);
        assertThat(out).isEmpty();
        assertThat(run("stat", v, "/a")).isEqualTo(5);
        ok("check", v);
    }

    @Test
    void openedByEachCommand() throws IOException {
        ok("format", volume.toString(), "--size", "64M", "--checksum", "xxh3");
        live();
        assertThat(run("format", volume.toString(), "--size", "64M")).isEqualTo(6);
        assertThat(err).contains("--force");
        ok("format", volume.toString(), "--size", "64M", "--force");
    }

    @Test
    void served() throws IOException {
        ok("format", volume.toString(), "--size", "64M");
        try (Volume held = Volumes.open(volume, OpenOptions.readWrite());
                ControlServer server = ControlServer.start(held, ControlPath.of(volume))) {
            live();
            assertThat(run("format", volume.toString(), "--size", "64M", "--force"))
                    .isEqualTo(3);
            assertThat(server.path()).exists();
        }
        ok("check", volume.toString());
    }

    /** The server goes on with the old file; no command meant for the new file reaches it. */
    @Test
    void aFileThatReplacedAServedVolumeIsNotServedByIt() throws IOException {
        String v = volume.toString();
        Path other = folder.resolve("other");
        ok("format", v, "--size", "64M");
        ok("format", other.toString(), "--size", "64M");
        try (Volume held = Volumes.open(volume, OpenOptions.readWrite());
                ControlServer server = ControlServer.start(held, ControlPath.of(volume))) {
            ok("mkdir", v, "/through-the-server");
            Path old = Files.move(volume, folder.resolve("old"));
            Files.move(other, volume);
            for (String[] command : new String[][] {{"ls", v}, {"rm", "-rf", v, "/through-the-server"}}) {
                assertThat(run(command)).as(String.join(" ", command)).isEqualTo(3);
                assertThat(err).contains(v, "renamed or replaced");
            }
            assertThat(run("ls", old.toString())).isEqualTo(3);
            assertThat(held.list("/", "", 10)).hasSize(1);
            assertThat(server.path()).exists();
        }
        ok("ls", v);
        assertThat(out).isEmpty();
    }

    @Test
    void aCopyBesideAServedVolumeIsAVolumeOfItsOwn() throws IOException {
        ok("format", volume.toString(), "--size", "64M");
        Path copy = Files.copy(volume, folder.resolve("copy-of-v"));
        try (Volume held = Volumes.open(volume, OpenOptions.readWrite());
                ControlServer server = ControlServer.start(held, ControlPath.of(volume))) {
            ok("mkdir", copy.toString(), "/d");
            assertThat(held.list("/", "", 10)).isEmpty();
            Path link = Files.createSymbolicLink(folder.resolve("link"), volume);
            ok("mkdir", link.toString(), "/e");
            assertThat(held.list("/", "", 10)).hasSize(1);
            assertThat(server.path()).exists();
        }
    }

    @Test
    void sizesBeyondAllMeasureAreRefusedInUnits() {
        String v = volume.toString();
        assertThat(run("format", v, "--size", "8E")).isEqualTo(2);
        assertThat(err).contains("a volume of 8 EiB is too large; it may have 16 MiB to 64 PiB");
        assertThat(run("format", v, "--size", "4K")).isEqualTo(2);
        assertThat(err).contains("a volume of 4 KiB is too small; it may have 16 MiB to 64 PiB");
        assertThat(volume).doesNotExist();
        ok("format", v, "--size", "64M");
        for (String memory : new String[] {"8E", "15E", "4E", "1K"}) {
            assertThat(run("ls", v, "--memory", memory)).isEqualTo(2);
            assertThat(err).contains("memory of ", "it may be 16 MiB to 1 PiB").doesNotContainPattern("-[0-9]");
        }
        ok("create", v, "/f", "--size", "15E");
        ok("resize", v, "/f", "--size", "8E", "--shrink");
        ok("ls", "-l", v);
        assertThat(out).contains(" 9223372036854775808 ");
    }

    @Test
    void aVolumeThatCannotBeMadeIsNamedWithTheReason() {
        Path none = folder.resolve("none");
        assertThat(run("format", none.resolve("v").toString(), "--size", "64M")).isEqualTo(5);
        assertThat(err)
                .isEqualTo(
                        "holdfast: " + none.resolve("v") + " cannot be created: there is no directory " + none + "\n");
    }

    /** The superblocks at the end of the old, larger volume are newer than those of the new one. */
    @Test
    void formatDoesNotTakeTheVolumeThatWasThereForTheNewOne() throws IOException {
        String v = volume.toString();
        ok("format", v, "--size", "64M", "--label", "old");
        for (String name : List.of("/a", "/b", "/c")) {
            ok("mkdir", v, name);
        }
        ok("format", v, "--size", "32M", "--force", "--label", "new");
        ok("info", v);
        assertThat(out).contains("32 MiB", "new");
        ok("check", v);
        ok("ls", v);
        assertThat(out).isEmpty();
    }

    @Test
    void checkNamesTheFileThatIsDamaged() throws IOException {
        String v = volume.toString();
        byte[] mark = new byte[4096];
        new Random(77).nextBytes(mark);
        Path file = Files.write(folder.resolve("file"), mark);
        ok("format", v, "--size", "64M");
        ok("mkdir", "-p", v, "/vms/old");
        ok("import", file.toString(), v, "/vms/old/disk");
        long block = damage(mark);
        assertThat(run("check", v)).isEqualTo(1);
        assertThat(out)
                .startsWith("data block " + block + ": /vms/old/disk: inode ")
                .contains(", offset 0: it does not match its checksum\n")
                .endsWith("DAMAGED: 1 problem\n" + DamageAdvice.TEXT + "\n");
        assertThat(run("export", "--keep-going", v, "/vms/old/disk", folder.resolve("copy") + ""))
                .isEqualTo(7);
        assertThat(err)
                .startsWith("holdfast: /vms/old/disk: offset 0, length 4096 is zero in the copy: " + v
                        + ": /vms/old/disk (inode ")
                .endsWith("): offset 0, length 4096 (block " + block + " of " + v
                        + "): what is on the device does not match its checksum\n");
        assertThat(out)
                .contains("exported /vms/old/disk", "4 KiB in 1 place could not be read and are zero in the copy");
    }

    /** Changes a byte of the block with these contents; returns the number of the block. */
    private long damage(byte[] contents) throws IOException {
        try (FileChannel channel = FileChannel.open(volume, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer wanted = ByteBuffer.wrap(contents);
            for (long at = 0; at < channel.size(); at += contents.length) {
                ByteBuffer found = ByteBuffer.allocate(contents.length);
                channel.read(found, at);
                if (found.flip().equals(wanted)) {
                    channel.write(ByteBuffer.wrap(new byte[] {(byte) ~contents[5]}), at + 5);
                    return at / contents.length;
                }
            }
        }
        throw new AssertionError("the block is not on the device");
    }

    /** Opening meets it, and so does the check. */
    @Test
    void checkNamesADamagedStructureOnce() throws IOException {
        String v = volume.toString();
        ok("format", v, "--size", "64M");
        ok("create", v, "/d", "--size", "1M");
        try (FileChannel channel = FileChannel.open(volume, StandardOpenOption.WRITE)) {
            // One slot of the second superblock, and both homes of the group table.
            for (long block : new long[] {2048, 36, 37}) {
                channel.write(ByteBuffer.wrap(new byte[] {77, 77, 77, 77}), block * 4096 + 2000);
            }
        }
        assertThat(run("check", v)).isEqualTo(1);
        assertThat(out)
                .containsOnlyOnce("superblock block 2048: ")
                .containsOnlyOnce("space map block ")
                .doesNotContain("recovery: ")
                .endsWith("DAMAGED: 2 problems\n" + DamageAdvice.TEXT + "\n");
    }

    @Test
    void whatIsNoVolumeIsLeftAlone() throws IOException {
        Path file = Files.write(folder.resolve("image"), new byte[32 << 20]);
        assertThat(run("ls", file.toString())).isEqualTo(8);
        assertThat(run("check", file.toString())).isEqualTo(8);
        assertThat(file).hasBinaryContent(new byte[32 << 20]);
    }

    @Test
    void anExportDoesNotOverwriteAVolumeThatIsOpen() throws IOException {
        ok("format", volume.toString(), "--size", "64M");
        ok("create", volume.toString(), "/d", "--size", "1M");
        Path other = folder.resolve("other");
        ok("format", other.toString(), "--size", "64M");
        Path link = Files.createLink(folder.resolve("hard"), other);
        Path lock = folder.resolve("other.lock");
        try (Volume held = Volumes.open(other, OpenOptions.readWrite())) {
            for (Path target : List.of(other, link, lock)) {
                assertThat(run("export", "--force", volume.toString(), "/d", target.toString()))
                        .as(target + err)
                        .isEqualTo(3);
                assertThat(err).contains(target + " is in use");
            }
            held.sync();
        }
        ok("check", other.toString());
        ok("export", "--force", volume.toString(), "/d", other.toString());
        assertThat(other).hasBinaryContent(new byte[1 << 20]);
        assertThat(folder.toFile().list()).containsExactlyInAnyOrder("v", "other", "hard");
    }

    @Test
    void nothingWaitsForTheOtherEndOfAPipe() throws IOException, InterruptedException {
        Path pipe = folder.resolve("pipe");
        Process made = new ProcessBuilder("mkfifo", pipe.toString()).start();
        Assumptions.assumeTrue(made.waitFor() == 0, "there is no mkfifo here");
        for (String command : List.of("ls", "check", "info")) {
            assertThat(run(command, pipe.toString())).as(command).isEqualTo(2);
            assertThat(err).contains("pipe is neither a regular file nor a block device");
        }
        assertThat(run("format", pipe.toString(), "--size", "64M", "--force")).isEqualTo(2);
        assertThat(folder.toFile().list()).containsExactly("pipe");
    }

    @Test
    @Tag("slow")
    void anExportDoesNotGoOverADeviceInUse() throws IOException, InterruptedException {
        ok("format", volume.toString(), "--size", "64M");
        ok("create", volume.toString(), "/d", "--size", "1M");
        Process loop = new ProcessBuilder("losetup", "-f", "--show", volume.toString()).start();
        String device = new String(loop.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        Assumptions.assumeTrue(loop.waitFor() == 0, "no loop device can be had here");
        try {
            assertThat(run("export", "--force", volume.toString(), "/d", device))
                    .as(err)
                    .isNotZero();
            ok("create", volume.toString(), "/large", "--size", "65M");
            assertThat(run("export", "--force", volume.toString(), "/large", device))
                    .isNotZero();
        } finally {
            new ProcessBuilder("losetup", "-d", device).start().waitFor();
        }
        ok("check", volume.toString());
    }

    @Test
    void whatFormatRefusesIsAsItWas() throws IOException {
        Path late = folder.resolve("late");
        for (long at : new long[] {0, 100_000, 3 << 20, (40L << 20) - 1, 8L << 30}) {
            try (FileChannel channel = FileChannel.open(late, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                channel.write(ByteBuffer.allocate(1), 9L << 30);
                channel.write(ByteBuffer.wrap(new byte[] {1}), at);
            }
            assertThat(run("format", late.toString(), "--size", "64M"))
                    .as("data at " + at)
                    .isEqualTo(6);
            assertThat(err).contains("late").contains("--force");
            assertThat(Files.size(late)).isEqualTo((9L << 30) + 1);
            Files.delete(late);
        }
        Path fresh = folder.resolve("fresh");
        String label = "x".repeat(65);
        assertThat(run("format", fresh.toString(), "--size", "64M", "--label", label))
                .isEqualTo(2);
        assertThat(fresh).doesNotExist();
        Path small = Files.write(folder.resolve("small"), new byte[5000]);
        assertThat(run("format", small.toString(), "--size", "64M", "--label", label))
                .isEqualTo(2);
        assertThat(small).hasBinaryContent(new byte[5000]);
        assertThat(folder.toFile().list()).containsExactly("small");
    }

    @Test
    void aFullVolumeIsToldApart() throws IOException {
        ok("format", volume.toString(), "--size", "32M");
        byte[] data = new byte[40 << 20];
        new Random(2).nextBytes(data);
        Path file = Files.write(folder.resolve("large"), data);
        assertThat(run("import", file.toString(), volume.toString(), "/large")).isEqualTo(4);
        ok("ls", volume.toString());
        assertThat(out).isEmpty();
        ok("check", volume.toString());
    }

    @Test
    @Tag("slow")
    void theDemonstrationSucceeds() throws IOException {
        ok("demo", "--rounds", "1", "--seconds", "1", "--dir", folder.toString());
        assertThat(out).contains("All 7 proofs hold");
        assertThat(folder).isEmptyDirectory();
    }
}
