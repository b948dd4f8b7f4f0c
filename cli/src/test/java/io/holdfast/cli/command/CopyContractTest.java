package io.holdfast.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.fake.Household.Result;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Import and export, with the volume opened by each command and with the volume served. */
class CopyContractTest extends CommandFixture {
    private static final int BLOCK = 4096;

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    /** Makes a sparse file of 40 GiB with data at the front, in the middle, and unaligned at the end. */
    private Path sparseFile() throws IOException {
        Path file = folder.resolve("sparse");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(random(3 * BLOCK)), 0);
            channel.write(ByteBuffer.wrap(random(2 * BLOCK + 5)), 20L << 30);
            channel.write(ByteBuffer.wrap(random(100)), (40L << 30) - 100);
        }
        return file;
    }

    private long allocated(String path) {
        return ok("stat", "VOLUME", path, "--json")
                .json()
                .path("allocated_bytes")
                .asLong();
    }

    @Test
    void aSparseFileStaysSparseBothWays() throws IOException {
        Path file = sparseFile();
        Result imported = ok("import", file.toString(), "VOLUME", "/s", "--json");
        assertThat(imported.json().path("size_bytes").asLong()).isEqualTo(40L << 30);
        assertThat(allocated("/s")).isEqualTo(7 * BLOCK);

        Path copy = folder.resolve("copy");
        ok("export", "VOLUME", "/s", copy.toString());
        assertThat(Files.size(copy)).isEqualTo(40L << 30);
        try (FileChannel a = FileChannel.open(file);
                FileChannel b = FileChannel.open(copy)) {
            for (long at : new long[] {0, 1 << 20, 20L << 30, (40L << 30) - BLOCK}) {
                assertThat(bytes(b, at)).isEqualTo(bytes(a, at));
            }
        }
        assertThat(onDisk(copy)).isLessThan(1 << 20);
    }

    private static byte[] bytes(FileChannel channel, long at) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(3 * BLOCK);
        int read = channel.read(buffer, at);
        return Arrays.copyOf(buffer.array(), read);
    }

    private static long onDisk(Path file) throws IOException {
        Process du = new ProcessBuilder("du", "-B1", file.toString()).start();
        return Long.parseLong(new String(du.getInputStream().readAllBytes()).split("\t")[0]);
    }

    @Test
    void zeroBlocksBecomeHoles() throws IOException {
        byte[] content = new byte[5 << 20];
        System.arraycopy(random(BLOCK), 0, content, 2 << 20, BLOCK);
        content[4 << 20] = 1;
        Path file = Files.write(folder.resolve("zeroes"), content);
        ok("import", file.toString(), "VOLUME", "/z");
        assertThat(allocated("/z")).isEqualTo(2 * BLOCK);
        assertThat(exported("/z")).isEqualTo(content);
    }

    @Test
    void standardInputAndOutput() {
        for (int length : new int[] {0, 1, BLOCK, (1 << 20) - 1, 1 << 20, (3 << 20) + 17}) {
            byte[] content = random(length);
            home.withInput(content);
            ok("import", "-", "VOLUME", "/in" + length);
            assertThat(exported("/in" + length)).isEqualTo(content);
        }
    }

    @Test
    void exportToStandardOutputWritesHolesOut() {
        ok("create", "VOLUME", "/hole", "--size", "3M");
        Result result = ok("export", "VOLUME", "/hole", "-");
        assertThat(result.bytes()).isEqualTo(new byte[3 << 20]);
        assertThat(result.err()).startsWith("exported /hole: 3 MiB, 0 B of it data");
    }

    @Test
    void importFlushesAndSyncsBeforeItSaysSo() {
        int flushes = home.fake().flushes.get();
        int syncs = home.fake().syncs.get();
        home.withInput(random(10));
        assertThat(ok("import", "-", "VOLUME", "/f").out()).contains("flushed");
        assertThat(home.fake().flushes.get()).isGreaterThan(flushes);
        assertThat(home.fake().syncs.get()).isGreaterThan(syncs);
    }

    @Test
    void importTakesNoMoreThanItMay() throws IOException {
        byte[] content = random(3 * BLOCK);
        Path file = Files.write(folder.resolve("three"), content);
        for (String source : new String[] {"-", file.toString()}) {
            home.withInput(content);
            Result refused = home.run("import", source, "VOLUME", "/three", "--max-size", "12287");
            assertThat(refused.status()).as(refused.toString()).isEqualTo(2);
            assertThat(refused.err()).contains("the most that this import takes; nothing was imported");
            assertThat(home.run("stat", "VOLUME", "/three").status()).isEqualTo(5);
            home.withInput(content);
            ok("import", source, "VOLUME", "/three", "--max-size", "12K");
            assertThat(exported("/three")).isEqualTo(content);
            ok("rm", "VOLUME", "/three");
        }
    }

    @Test
    void importOfASparseFileThatIsLargerThanItMayBe() throws IOException {
        Result refused = home.run("import", sparseFile().toString(), "VOLUME", "/s", "--max-size", "39G");
        assertThat(refused.status()).isEqualTo(2);
        assertThat(refused.err()).contains("has 40 GiB, and 39 GiB is the most");
    }

    @Test
    void importReplacesOnlyIfToldTo() {
        home.withInput(random(10));
        ok("import", "-", "VOLUME", "/f");
        home.withInput(random(20));
        assertThat(home.run("import", "-", "VOLUME", "/f").status()).isEqualTo(6);
        assertThat(exported("/f")).isEqualTo(random(10));
        home.withInput(random(20));
        ok("import", "--force", "-", "VOLUME", "/f");
        assertThat(exported("/f")).isEqualTo(random(20));
    }

    @Test
    void anImportThatFailsLeavesNothing() {
        home.withInput(random(65 << 20));
        Result result = home.run("import", "-", "VOLUME", "/large");
        assertThat(result.status()).isEqualTo(4);
        assertThat(result.err()).contains("no space");
        assertThat(ok("ls", "VOLUME").out()).isEmpty();
    }

    @Test
    void anInterruptedImportLeavesNothing() {
        Cancellation cancel = Cancellation.none();
        cancel.request();
        home.withCancellation(cancel).withInput(random(10));
        Result result = home.run("import", "-", "VOLUME", "/f");
        assertThat(result.status()).isEqualTo(130);
        home.withCancellation(Cancellation.none());
        assertThat(ok("ls", "VOLUME").out()).isEmpty();
    }

    @Test
    void exportDoesNotReplaceAFileUnlessToldTo() throws IOException {
        home.withInput(random(10));
        ok("import", "-", "VOLUME", "/f");
        Path target = Files.writeString(folder.resolve("target"), "precious");
        assertThat(home.run("export", "VOLUME", "/f", target.toString()).status())
                .isEqualTo(6);
        assertThat(target).hasContent("precious");
        ok("export", "--force", "VOLUME", "/f", target.toString());
        assertThat(target).hasBinaryContent(random(10));
    }

    @Test
    void anExportThatMeetsDamageNamesItAndLeavesNothing() throws IOException {
        Path target = damaged();
        Result result = home.run("export", "VOLUME", "/f", target.toString());
        assertThat(result.status()).isEqualTo(7);
        assertThat(result.err()).contains("offset 12288: the block does not match its checksum");
        assertThat(folder.toFile().list()).noneMatch(name -> name.contains("target"));
    }

    /** A script that makes backups throws standard output away, and sees what the copy lacks. */
    @Test
    void aQuietExportSaysInAllWhatItLeftOut() throws IOException {
        Path target = damaged();
        Result result = home.run("export", "-q", "--keep-going", "VOLUME", "/f", target.toString());
        assertThat(result.status()).isEqualTo(7);
        assertThat(result.out()).isEmpty();
        assertThat(result.err().lines())
                .hasSize(2)
                .anyMatch(line -> line.startsWith("holdfast: /f: offset 12288, length 4096 is zero in the copy"))
                .anyMatch(line ->
                        line.equals("holdfast: /f: 4 KiB in 1 place could not be read and are zero in the copy"));
    }

    @Test
    void anExportGoesOnPastDamageIfToldTo() throws IOException {
        Path target = damaged();
        Result result = home.run("export", "--keep-going", "VOLUME", "/f", target.toString());
        assertThat(result.status()).isEqualTo(7);
        assertThat(result.err())
                .matches(
                        "holdfast: /f: offset 12288, length 4096 is zero in the copy: inode \\d+: offset 12288: the block does not match its checksum\n");
        assertThat(result.out()).contains("4 KiB in 1 place could not be read");
        byte[] expected = random(8 * BLOCK);
        Arrays.fill(expected, 3 * BLOCK, 4 * BLOCK, (byte) 0);
        assertThat(target).hasBinaryContent(expected);
    }

    private Path damaged() throws IOException {
        home.withInput(random(8 * BLOCK));
        ok("import", "-", "VOLUME", "/f");
        home.fake()
                .breakBlock(
                        ok("stat", "VOLUME", "/f", "--json")
                                .json()
                                .path("inode")
                                .asLong(),
                        3);
        return folder.resolve("target");
    }

    @Test
    void thereIsProgressOnATerminalAndOnlyThere() throws IOException {
        Path file = Files.write(folder.resolve("f"), random(1 << 20));
        assertThat(ok("import", file.toString(), "VOLUME", "/a").err()).isEmpty();
        home.withTerminal();
        assertThat(ok("import", file.toString(), "VOLUME", "/b").err()).contains("import", "100%");
        assertThat(ok("import", file.toString(), "VOLUME", "/c", "--no-progress")
                        .err())
                .isEmpty();
        assertThat(ok("import", file.toString(), "VOLUME", "/d", "--json").err())
                .isEmpty();
    }

    @Test
    void importNamesTheFileThatIsNotThere() {
        Result result = home.run("import", folder.resolve("none").toString(), "VOLUME", "/f");
        assertThat(result.status()).isEqualTo(5);
        assertThat(result.err()).contains("none: no such file");
    }
}
