package io.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.check.VolumeFileDamage;
import io.holdfast.cli.control.ControlPath;
import io.holdfast.cli.control.ControlServer;
import io.holdfast.cli.text.DamageAdvice;
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
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Commands on a file whose map has nodes that cannot be read: only what these cover is missing. */
@ParameterizedClass
@EnumSource(DamagedMapTest.Opened.class)
@Timeout(120)
class DamagedMapTest {
    private static final int BLOCK = 4096;
    /** Blocks that one leaf of a map covers. */
    private static final int LEAF = 256;

    private static final int LEAF_BYTES = LEAF * BLOCK;
    private static final long TIB = 1L << 40;

    /** Who has the volume open when a command comes. */
    enum Opened {
        BY_EACH_COMMAND,
        SERVED,
        SERVED_READ_ONLY
    }

    @Parameter
    Opened opened;

    @TempDir
    private Path folder;

    private Path volume;
    private AutoCloseable server = () -> {};
    private Optional<Volume> held = Optional.empty();
    private byte[] out = {};
    private String err = "";

    @BeforeEach
    void format() throws IOException {
        volume = folder.resolve("v");
        Volumes.format(volume, FormatOptions.ofSize(128L << 20));
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
    }

    /** From here on commands find the volume as {@link #opened} says. */
    private void serve() throws IOException {
        if (opened == Opened.BY_EACH_COMMAND) {
            return;
        }
        OpenOptions options = opened == Opened.SERVED ? OpenOptions.readWrite() : OpenOptions.reading();
        Volume open = Volumes.open(volume, options);
        held = Optional.of(open);
        ControlServer control = ControlServer.start(open, ControlPath.of(volume));
        server = () -> {
            control.close();
            open.close();
        };
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
        out = outBytes.toByteArray();
        err = errBytes.toString(StandardCharsets.UTF_8);
        return status;
    }

    private String text() {
        return new String(out, StandardCharsets.UTF_8);
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    /** Makes {@code /d/f} with these contents; returns its inode number. */
    private long make(byte[] content) throws IOException {
        try (Volume open = Volumes.open(volume, OpenOptions.readWrite())) {
            open.mkdir("/d", CreateOptions.directory());
            try (StoredFile file = open.create("/d/f", CreateOptions.file())) {
                file.write(0, MemorySegment.ofArray(content));
                return file.inode();
            }
        }
    }

    @Test
    void anUnreadableLeafCostsWhatItCovers() throws IOException {
        byte[] content = random(3 * LEAF_BYTES + 100);
        long inode = make(content);
        VolumeFileDamage damage = VolumeFileDamage.of(volume);
        damage.mapNode(inode, LEAF, 1);
        damage.data(inode, 5);
        damage.data(inode, 6);
        serve();
        Path copy = folder.resolve("copy");
        assertThat(run("export", volume + "", "/d/f", copy + "")).isEqualTo(7);
        assertThat(err).contains(": /d/f (inode ", "offset 20480, length 4096 (block ");
        assertThat(copy).doesNotExist();

        byte[] expected = content.clone();
        Arrays.fill(expected, 5 * BLOCK, 7 * BLOCK, (byte) 0);
        Arrays.fill(expected, LEAF_BYTES, 2 * LEAF_BYTES, (byte) 0);
        assertThat(run("export", "--keep-going", volume + "", "/d/f", copy + ""))
                .isEqualTo(7);
        assertThat(copy).hasBinaryContent(expected);
        assertThat(err.lines())
                .satisfiesExactly(
                        line -> assertThat(line)
                                .startsWith("holdfast: /d/f: offset 20480, length 8192 is zero in the copy: "),
                        line -> assertThat(line)
                                .startsWith("holdfast: /d/f: offset 1048576, length 1048576 is zero in the copy: ")
                                .contains("map node in block"));
        assertThat(text()).contains(" in 2 places could not be read");

        assertThat(run("export", "--keep-going", volume + "", "/d/f", "-")).isEqualTo(7);
        assertThat(out).isEqualTo(expected);
        assertThat(run("ls", "-l", volume + "", "/d")).isZero();
        assertThat(text()).contains(" " + content.length + " ");
        assertThat(run("stat", volume + "", "/d/f")).isZero();
    }

    /** A leaf with nothing but bad blocks behind it: without --keep-going the range of the node is named. */
    @Test
    void theErrorNamesTheRange() throws IOException {
        long inode = make(random(2 * LEAF_BYTES - 3 * BLOCK));
        VolumeFileDamage.of(volume).mapNode(inode, LEAF, 1);
        serve();
        assertThat(run("export", volume + "", "/d/f", folder.resolve("copy") + ""))
                .isEqualTo(7);
        assertThat(err).contains(": /d/f (inode ", "offset 1048576, length " + (LEAF_BYTES - 3 * BLOCK) + ": ");
    }

    @Test
    void lostBlocksAreLeftOut() throws IOException {
        byte[] content = random(2 * LEAF_BYTES);
        long inode = make(content);
        VolumeFileDamage.of(volume).mapNode(inode, 0, 1);
        byte[] fresh = random(BLOCK);
        try (Volume open = Volumes.open(volume, OpenOptions.readWrite());
                StoredFile file = open.open("/d/f")) {
            file.write(7 * BLOCK, MemorySegment.ofArray(fresh));
            open.checkpoint();
        }
        serve();
        assertTheVolumeSaysSo();
        Path copy = folder.resolve("copy");
        assertThat(run("export", volume + "", "/d/f", copy + "")).isEqualTo(7);
        assertThat(err)
                .contains(": /d/f (inode ", "offset 0, length " + 7 * BLOCK + ": ", "lost")
                .endsWith("\n" + DamageAdvice.TEXT + "\n");
        assertThat(run("export", "--json", "--keep-going", volume + "", "/d/f", copy + ""))
                .isEqualTo(7);
        byte[] expected = content.clone();
        Arrays.fill(expected, 0, LEAF_BYTES, (byte) 0);
        System.arraycopy(fresh, 0, expected, 7 * BLOCK, BLOCK);
        assertThat(copy).hasBinaryContent(expected);
        assertThat(text())
                .contains(
                        "\"unreadable_bytes\":" + 255 * BLOCK,
                        "\"unreadable_count\":2",
                        "{\"offset_bytes\":0,\"length_bytes\":28672}",
                        "{\"offset_bytes\":32768,\"length_bytes\":1015808}");
    }

    private void assertTheVolumeSaysSo() {
        String line = "up to 256 blocks of /d/f (inode ";
        assertThat(run("info", volume + "")).isZero();
        assertThat(text()).contains("\nDAMAGE: " + line).endsWith("\n" + DamageAdvice.TEXT + "\n");
        assertThat(run("info", "--json", volume + "")).isZero();
        assertThat(text()).contains("\"damage\":[\"" + line, "\"advice\":\"" + DamageAdvice.TEXT);
        assertThat(run("check", "--json", volume + "")).isEqualTo(1);
        assertThat(text()).contains("\"recovery_problems\":[\"" + line, "\"advice\":\"" + DamageAdvice.TEXT);
    }

    /** The server lost a node after it was opened: it says so as well. */
    @Test
    void whatIsLostNowIsSaidNow() throws IOException {
        Assumptions.assumeTrue(opened == Opened.SERVED);
        long inode = make(random(2 * LEAF_BYTES));
        VolumeFileDamage.of(volume).mapNode(inode, 0, 1);
        serve();
        assertThat(run("info", volume + "")).isZero();
        assertThat(text()).doesNotContain("DAMAGE");
        try (StoredFile file = held.orElseThrow().open("/d/f")) {
            file.write(7 * BLOCK, MemorySegment.ofArray(random(BLOCK)));
            held.orElseThrow().checkpoint();
        }
        assertThat(run("info", volume + "")).isZero();
        assertThat(text()).contains("\nDAMAGE: up to 256 blocks of /d/f (inode ");
    }

    /** A file of 15 TiB with 8 MiB of data: what a high node covers is terabytes, and costs neither time nor space. */
    @ParameterizedTest
    @CsvSource({"3, 5497558138880, 68719476736", "4, 0, 16492674416640"})
    void aHighNodeOfAThinFile(int level, long from, long length) throws IOException {
        byte[] data = random(4 << 20);
        long inode;
        try (Volume open = Volumes.open(volume, OpenOptions.readWrite());
                StoredFile file = open.create("/thin", CreateOptions.file().withSize(15 * TIB))) {
            file.write(5 * TIB, MemorySegment.ofArray(data));
            file.write(14 * TIB, MemorySegment.ofArray(data));
            inode = file.inode();
        }
        VolumeFileDamage.of(volume).mapNode(inode, 5 * TIB / BLOCK, level);
        serve();
        Path copy = folder.resolve("copy");
        assertThat(run("export", "--keep-going", volume + "", "/thin", copy + ""))
                .isEqualTo(7);
        assertThat(err).contains("offset " + from + ", length " + length + " is zero in the copy");
        assertThat(Files.size(copy)).isEqualTo(15 * TIB);
        try (FileChannel channel = FileChannel.open(copy)) {
            byte[] found = new byte[data.length];
            channel.read(ByteBuffer.wrap(found), 14 * TIB);
            assertThat(found).isEqualTo(level == 3 ? data : new byte[data.length]);
        }
    }

    /** The list of what is lost is bounded, and counts what it leaves out. */
    @Test
    void manyLosses() throws IOException {
        int leaves = 150;
        long inode;
        try (Volume open = Volumes.open(volume, OpenOptions.readWrite());
                StoredFile file = open.create("/many", CreateOptions.file())) {
            for (long leaf = 0; leaf < 2 * leaves; leaf++) {
                file.write(leaf * LEAF_BYTES, MemorySegment.ofArray(random(BLOCK)));
            }
            inode = file.inode();
        }
        VolumeFileDamage damage = VolumeFileDamage.of(volume);
        for (long leaf = 0; leaf < leaves; leaf++) {
            damage.mapNode(inode, 2 * leaf * LEAF, 1);
        }
        serve();
        assertThat(run("export", "--keep-going", volume + "", "/many", folder.resolve("copy") + ""))
                .isEqualTo(7);
        assertThat(err.lines()).hasSize(100);
        assertThat(text()).contains("150 MiB in 150 places could not be read", "; 50 of these places are not listed");
    }
}
