package io.holdfast.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.fake.Household.Result;
import io.holdfast.clients.Program;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Import of images that the programs of QEMU made, and of compressed files that the system's compressors made. */
class ImageImportTest extends CommandFixture {
    private static final int SIZE = 16 << 20;

    /** Data at the begin, unaligned in the middle, and at the end; the rest is zero. */
    private static byte[] disk() {
        byte[] bytes = new byte[SIZE];
        Random random = new Random(7);
        byte[] part = new byte[700_000];
        for (int at : new int[] {0, 5_000_001, SIZE - part.length}) {
            random.nextBytes(part);
            System.arraycopy(part, 0, bytes, at, part.length);
        }
        return bytes;
    }

    private Path raw() throws IOException {
        return Files.write(folder.resolve("disk.raw"), disk());
    }

    private Path image(String format, String... options) throws IOException {
        Program.needs("qemu-img", "qemu-nbd");
        Path image = folder.resolve("an image, '" + format + "'");
        String[] create = Stream.of(
                        Stream.of("qemu-img", "convert", "-f", "raw", "-O", format),
                        Stream.of(options),
                        Stream.of(raw().toString(), image.toString()))
                .flatMap(s -> s)
                .toArray(String[]::new);
        Program.Result made = Program.end(folder, create);
        if (!format.equals("qcow")) {
            made.succeeds(); // of a compressed qcow qemu-img 7.2 writes all, and then says that it failed
        }
        return image;
    }

    private Result imported(Path file, String format) {
        Result result = ok("import", file.toString(), "VOLUME", "/disk", "--json");
        assertThat(result.json().path("source_format").asString("")).isEqualTo(format);
        return result;
    }

    private void refused(int status, String words, String... args) {
        Result result = home.run(args);
        assertThat(result.status()).as(result.err()).isEqualTo(status);
        assertThat(result.err()).contains(words).doesNotContain("Exception").doesNotContain("internal");
        assertThat(ok("ls", "VOLUME").out()).isEmpty();
    }

    private void refused(Path file, String words) {
        refused(2, words, "import", file.toString(), "VOLUME", "/disk");
    }

    private void broken(Path file, String words) {
        refused(1, words, "import", file.toString(), "VOLUME", "/disk");
    }

    /** No program of QEMU is left. */
    @AfterEach
    void nothingIsLeft() {
        assertThat(ProcessHandle.current().descendants()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"qcow2", "qcow", "qed", "vmdk", "vdi", "vhdx", "parallels"})
    void everyFormatOfQemu(String format) throws IOException {
        Result result = imported(image(format), format);
        byte[] copy = exported("/disk");
        assertThat(Arrays.copyOf(copy, SIZE)).isEqualTo(disk());
        assertThat(copy.length).isEqualTo(result.json().path("size_bytes").asInt());
        assertThat(result.json().path("written_bytes").asInt()).isLessThan(3_000_000);
    }

    @ParameterizedTest
    @ValueSource(strings = {"dynamic", "fixed"})
    void bothKindsOfVhd(String kind) throws IOException {
        imported(image("vpc", "-o", "force_size=on,subformat=" + kind), "vhd");
        assertThat(exported("/disk")).isEqualTo(disk());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "monolithicSparse",
                "monolithicFlat",
                "twoGbMaxExtentSparse",
                "twoGbMaxExtentFlat",
                "streamOptimized"
            })
    void everyKindOfVmdk(String kind) throws IOException {
        imported(image("vmdk", "-o", "subformat=" + kind), "vmdk");
        assertThat(exported("/disk")).isEqualTo(disk());
    }

    @Test
    void compressedQcow2() throws IOException {
        imported(image("qcow2", "-c"), "qcow2");
        assertThat(exported("/disk")).isEqualTo(disk());
    }

    @Test
    void rawInsists() throws IOException {
        Path image = image("qcow2");
        ok("import", image.toString(), "VOLUME", "/disk", "--format", "raw");
        assertThat(exported("/disk")).isEqualTo(Files.readAllBytes(image));
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "xz", "zstd", "bzip2"})
    void compressedFilesAndPipes(String program) throws IOException {
        Program.needs(program);
        Path compressed = compressed(program);
        imported(compressed, program);
        assertThat(exported("/disk")).isEqualTo(disk());

        byte[] bytes = Files.readAllBytes(compressed);
        home.withInput(bytes);
        ok("import", "-", "VOLUME", "/piped");
        assertThat(exported("/piped")).isEqualTo(disk());

        // Several members, one behind the other.
        byte[] twice = Arrays.copyOf(bytes, bytes.length * 2);
        System.arraycopy(bytes, 0, twice, bytes.length, bytes.length);
        home.withInput(twice);
        ok("import", "-", "VOLUME", "/twice", "--force");
        assertThat(ok("stat", "VOLUME", "/twice", "--json")
                        .json()
                        .path("size_bytes")
                        .asInt())
                .isEqualTo(2 * SIZE);

        home.withInput(bytes);
        ok("import", "-", "VOLUME", "/asitis", "--format", "raw");
        assertThat(exported("/asitis")).isEqualTo(bytes);
    }

    private Path compressed(String program) throws IOException {
        Path raw = raw();
        Program.run(folder, "sh", "-c", program + " -c < " + raw + " > " + folder.resolve("compressed"));
        return folder.resolve("compressed");
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "xz", "zstd", "bzip2"})
    void compressedFilesThatWereCutOffOrDamaged(String program) throws IOException {
        Program.needs(program);
        byte[] bytes = Files.readAllBytes(compressed(program));
        Path cut = Files.write(folder.resolve("cut"), Arrays.copyOf(bytes, bytes.length - 20));
        broken(cut, "is " + program + ", and damaged or cut off");
        byte[] head = Files.write(folder.resolve("head"), Arrays.copyOf(bytes, 12))
                .toString()
                .getBytes();
        assertThat(head).isNotEmpty();
        broken(folder.resolve("head"), "is " + program + ", and damaged or cut off");
        byte[] damaged = bytes.clone();
        damaged[damaged.length / 2] ^= 0x55;
        broken(Files.write(folder.resolve("damaged"), damaged), "is " + program + ", and damaged or cut off");
    }

    @Test
    void whatNeedsMuchMemoryIsRefusedWithTheCommand() throws IOException {
        Program.needs("xz", "zstd");
        Path raw = raw();
        Program.run(folder, "sh", "-c", "xz -c --lzma2=preset=0,dict=300MiB < " + raw + " > large.xz");
        refused(folder.resolve("large.xz"), "xz -dc " + folder.resolve("large.xz") + " | holdfast import -");
        // A stream has no known length, so its window is as large as was asked for.
        Program.run(folder, "sh", "-c", "cat " + raw + " | zstd -q -c -1 --long=30 > large.zst");
        refused(folder.resolve("large.zst"), "zstd -dc --long=31 " + folder.resolve("large.zst"));
    }

    @Test
    void anImageWithinACompressedFileIsRefusedWithTheCommand() throws IOException {
        Path image = image("qcow2");
        Program.run(folder, "sh", "-c", "gzip -c < \"" + image + "\" > inner.gz");
        refused(folder.resolve("inner.gz"), "gzip -dc");
    }

    @Test
    void anImageThroughAPipeIsRefused() throws IOException {
        home.withInput(Files.readAllBytes(image("qcow2")));
        refused(2, "cannot be read from a pipe", "import", "-", "VOLUME", "/disk");
        home.withInput(Files.readAllBytes(image("vpc", "-o", "subformat=fixed")));
        refused(2, "standard input is vhd", "import", "-", "VOLUME", "/disk");
    }

    @Test
    void luksIsRefusedWithTheCommand() throws IOException {
        byte[] head = new byte[1 << 20];
        System.arraycopy(new byte[] {'L', 'U', 'K', 'S', (byte) 0xba, (byte) 0xbe, 0, 2}, 0, head, 0, 8);
        Path file = Files.write(folder.resolve("luks"), head);
        refused(file, "cryptsetup open " + file);
        ok("import", file.toString(), "VOLUME", "/disk", "--format", "raw");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "qcow2",
                "qcow2 -c",
                "qcow2 -c -o compression_type=zstd",
                "qcow2 -o extended_l2=on,cluster_size=128k",
                "qcow2 -o compat=0.10",
                "qcow",
                "qcow -c",
                "qed",
                "vmdk",
                "vmdk -o subformat=streamOptimized",
                "vdi",
                "vdi -o static=on",
                "vhdx",
                "vhdx -o subformat=fixed",
                "vpc",
                "parallels"
            })
    void imagesThatWereCutOff(String kind) throws IOException {
        String[] words = kind.split(" ");
        Path image = image(words[0], Arrays.copyOfRange(words, 1, words.length));
        for (long size : new long[] {Files.size(image) - 1, Files.size(image) - 100_000, 1_000_000, 100_000, 600}) {
            try (FileChannel channel = FileChannel.open(image, StandardOpenOption.WRITE)) {
                channel.truncate(Math.min(size, channel.size()));
            }
            takenWholeOrNotAtAll(image, kind + " cut to " + size);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"twoGbMaxExtentSparse", "twoGbMaxExtentFlat", "monolithicFlat"})
    void extentsThatWereCutOff(String kind) throws IOException {
        Path image = image("vmdk", "-o", "subformat=" + kind);
        List<Path> extents;
        try (Stream<Path> files = Files.list(folder)) {
            extents = files.filter(file -> file.getFileName().toString().matches(".*-(s001|f001|flat)"))
                    .toList();
        }
        assertThat(extents).hasSize(1);
        for (long size : new long[] {Files.size(extents.getFirst()) - 1, 1_000_000, 600, 0}) {
            try (FileChannel channel = FileChannel.open(extents.getFirst(), StandardOpenOption.WRITE)) {
                channel.truncate(size);
            }
            takenWholeOrNotAtAll(image, kind + " cut to " + size);
        }
    }

    /** What was cut off of an image was no part of the disk, or the image is refused. */
    private void takenWholeOrNotAtAll(Path image, String what) {
        Result result = home.run("import", image.toString(), "VOLUME", "/disk");
        if (result.status() == 0) {
            assertThat(Arrays.equals(Arrays.copyOf(exported("/disk"), SIZE), disk()))
                    .as(what)
                    .isTrue();
            ok("rm", "VOLUME", "/disk");
        } else {
            assertThat(result.err()).as(what).contains("damaged or cut off").doesNotContain("Exception");
            assertThat(ok("ls", "VOLUME").out()).isEmpty();
        }
    }

    @Test
    void aDiskThatIsMostlyHolesComesQuickly() throws IOException {
        Program.needs("qemu-img", "qemu-nbd");
        Path image = folder.resolve("large.qcow2");
        Program.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", image.toString(), "64T");
        Program.run(folder, "qemu-io", "-f", "qcow2", "-c", "write -P 7 50T 64k", image.toString());
        assertThat(imported(image, "qcow2").json().path("written_bytes").asInt())
                .isEqualTo(64 << 10);
    }

    @Test
    void tablesThatLeadInCirclesOrNowhere() throws IOException {
        Path image = image("qcow2");
        byte[] sound = Files.readAllBytes(image);
        ByteBuffer bytes = ByteBuffer.wrap(sound);
        int l1 = (int) bytes.getLong(40);
        int l2 = (int) (bytes.getLong(l1) & 0xff_fffe00L);
        // A table of tables that says that the disk is 2^62 bytes long and is a table of tables itself, many times.
        bytes.putLong(24, 1L << 40).putInt(36, 4096);
        for (int i = 0; i < 4096; i++) {
            bytes.putLong(l2 + 8 * i, (long) l2 | 1L << 63);
        }
        broken(Files.write(image, bytes.putLong(40, l2).array()), "lead to the same places over and over");
        bytes = ByteBuffer.wrap(Files.readAllBytes(image("qcow2")));
        broken(Files.write(image, bytes.putLong(l2, 1L << 40).array()), "and the file ends at");
        bytes = ByteBuffer.wrap(Files.readAllBytes(image("qcow2")));
        broken(Files.write(image, bytes.putInt(20, 63).array()), "its header makes no sense");
        bytes = ByteBuffer.wrap(Files.readAllBytes(image("qcow2")));
        broken(Files.write(image, bytes.putInt(36, -1).array()), "its L1 table is larger than the file");
        bytes = ByteBuffer.wrap(Files.readAllBytes(image("qcow2")));
        // A cluster in use twice: what one part of the disk has is that of another.
        broken(Files.write(image, bytes.putLong(l2 + 8, bytes.getLong(l2)).array()), "damaged or cut off");
    }

    /** QEMU looks for the parent at one fixed place, whatever the header says of where the description is. */
    @Test
    void aParentOfAVmdkThatItsHeaderDoesNotLeadTo() throws IOException {
        Program.needs("qemu-img", "qemu-nbd");
        Path base = image("vmdk");
        Path top = folder.resolve("top");
        Program.run(
                folder, "qemu-img", "create", "-q", "-f", "vmdk", "-b", base.toString(), "-F", "vmdk", top.toString());
        byte[] bytes = Files.readAllBytes(top);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(28, 0);
        refused(Files.write(top, bytes), "is one part of a VMDK");
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(28, 3).putLong(36, 1);
        refused(Files.write(top, bytes), "backing file");
    }

    @Test
    void aNameThatPromisesAnImage() throws IOException {
        Path fixed = image("vpc", "-o", "force_size=on,subformat=fixed");
        Path cut = Files.write(folder.resolve("cut.VHD"), Arrays.copyOf(Files.readAllBytes(fixed), SIZE));
        refused(cut, "its name says vhd, and nothing in it does");
        ok("import", cut.toString(), "VOLUME", "/disk", "--format", "raw");
        ok("rm", "VOLUME", "/disk");
        refused(Files.write(folder.resolve("empty.qcow2"), new byte[0]), "its name says qcow2, and nothing in it does");
        ok("import", Files.write(folder.resolve("a-flat.vmdk"), disk()).toString(), "VOLUME", "/disk");
    }

    @Test
    void archivesAreRefusedWithTheCommand() throws IOException {
        raw();
        Program.run(folder, "tar", "-cf", "a.tar", "disk.raw");
        refused(folder.resolve("a.tar"), "tar -xOf " + folder.resolve("a.tar") + " MEMBER | holdfast import -");
        Program.run(folder, "tar", "-czf", "a.tar.gz", "disk.raw");
        refused(folder.resolve("a.tar.gz"), "is tar within gzip");
    }

    @Test
    void aBackingFileIsNeverOpened() throws IOException {
        Program.needs("qemu-img");
        Path secret = Files.writeString(folder.resolve("secret"), "s".repeat(100_000));
        for (String format : new String[] {"qcow2", "qcow", "qed", "vmdk"}) {
            Path base = image(format);
            Path top = folder.resolve("top." + format);
            Program.run(
                    folder,
                    "qemu-img",
                    "create",
                    "-q",
                    "-f",
                    format,
                    "-b",
                    base.toString(),
                    "-F",
                    format,
                    top.toString());
            refused(top, "backing file");
        }
        Path top = folder.resolve("top.raw");
        Program.run(
                folder,
                "qemu-img",
                "create",
                "-q",
                "-f",
                "qcow2",
                "-b",
                secret.toString(),
                "-F",
                "raw",
                top.toString());
        refused(top, "import opens no file that an image names");
    }

    @Test
    void dataInAnotherFileIsNeverOpened() throws IOException {
        Program.needs("qemu-img");
        Path top = folder.resolve("external.qcow2");
        Program.run(
                folder,
                "qemu-img",
                "create",
                "-q",
                "-f",
                "qcow2",
                "-o",
                "data_file=" + folder.resolve("data"),
                top.toString(),
                "1M");
        refused(top, "whose data lies in another file");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"/etc/passwd", "../secret", "elsewhere/secret", "nbd://127.0.0.1/", "link", "..", "json:{}"})
    void aVmdkNamesNoFileElsewhere(String extent) throws IOException {
        Program.needs("qemu-img", "qemu-nbd");
        Path secret =
                Files.write(Files.createDirectory(folder.resolve("elsewhere")).resolve("secret"), new byte[4096]);
        Files.createSymbolicLink(folder.resolve("link"), secret);
        Path description = Files.writeString(
                folder.resolve("d.vmdk"),
                "# Disk DescriptorFile\nversion=1\nCID=1b308a44\nparentCID=ffffffff\ncreateType=\"monolithicFlat\"\n"
                        + "RW 2 FLAT \"" + extent + "\" 0\n");
        Result result = home.run("import", description.toString(), "VOLUME", "/disk");
        assertThat(result.status()).isIn(1, 2);
        assertThat(result.err()).containsAnyOf("which is not beside it", "no file of that name");
        assertThat(ok("ls", "VOLUME").out()).isEmpty();
    }

    @Test
    void encryptedQcow2() throws IOException {
        Program.needs("qemu-img");
        Path image = image("qcow2");
        try (FileChannel channel = FileChannel.open(image, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(4).putInt(0, 2), 32);
        }
        refused(image, "encrypted");
    }

    @Test
    void anImageThatDoesNotFitLeavesNothing() throws IOException {
        Program.needs("qemu-img", "qemu-nbd");
        byte[] large = new byte[80 << 20];
        new Random(1).nextBytes(large);
        Path raw = Files.write(folder.resolve("large"), large);
        Path image = folder.resolve("large.qcow2");
        Program.run(folder, "qemu-img", "convert", "-O", "qcow2", "-f", "raw", raw.toString(), image.toString());
        refused(4, "no space", "import", image.toString(), "VOLUME", "/disk");
    }

    @ParameterizedTest
    @ValueSource(strings = {"qcow2", "raw.zst"})
    void whatIsExportedIsWhatWasImported(String format) throws IOException {
        Program.needs("qemu-img", "qemu-nbd");
        home.withInput(disk());
        ok("import", "-", "VOLUME", "/disk");
        Path file = folder.resolve("out");
        assertThat(ok("export", "VOLUME", "/disk", file.toString(), "--format", format)
                        .out())
                .startsWith("exported /disk as " + format);
        ok("import", file.toString(), "VOLUME", "/back");
        assertThat(exported("/back")).isEqualTo(disk());
    }

    @Test
    void exportedQcow2IsWithoutFault() throws IOException {
        Program.needs("qemu-img");
        for (String size : new String[] {"0", "513", "64K", "512M", "1025M", "5T", "1P"}) {
            ok("create", "VOLUME", "/disk", "--size", size);
            Path file = folder.resolve("out" + size);
            ok("export", "VOLUME", "/disk", file.toString(), "--format", "qcow2");
            assertThat(Program.run(folder, "qemu-img", "check", "-f", "qcow2", file.toString()))
                    .contains("No errors were found");
            ok("rm", "VOLUME", "/disk");
        }
        home.withInput(disk());
        ok("import", "-", "VOLUME", "/disk");
        ok("resize", "VOLUME", "/disk", "--size", "2T");
        Path file = folder.resolve("out");
        ok("export", "VOLUME", "/disk", file.toString(), "--format", "qcow2");
        assertThat(Program.run(folder, "qemu-img", "check", "-f", "qcow2", file.toString()))
                .contains("No errors were found");
        Path raw = folder.resolve("raw");
        ok("export", "VOLUME", "/disk", raw.toString());
        assertThat(Program.run(
                        folder, "qemu-img", "compare", "-f", "raw", "-F", "qcow2", raw.toString(), file.toString()))
                .contains("identical");
        assertThat(Files.size(file)).isLessThan(8 << 20);
    }

    @Test
    void qcow2GoesToNoPipeAndOfNoSizeThatItHasNoRoomFor() {
        ok("create", "VOLUME", "/disk", "--size", "3P");
        assertThat(home.run("export", "VOLUME", "/disk", "-", "--format", "qcow2")
                        .err())
                .contains("cannot go to a pipe");
        assertThat(home.run("export", "VOLUME", "/disk", folder.resolve("f").toString(), "--format", "qcow2")
                        .err())
                .contains("more than the 2 PiB");
        assertThat(home.run("export", "VOLUME", "/disk", "-", "--format", "vdi").status())
                .isEqualTo(2);
    }

    @Test
    void zstdToAPipe() throws IOException {
        Program.needs("zstd");
        home.withInput(disk());
        ok("import", "-", "VOLUME", "/disk");
        Path file = Files.write(
                folder.resolve("piped"),
                ok("export", "VOLUME", "/disk", "-", "--format", "raw.zst").bytes());
        Program.run(folder, "sh", "-c", "zstd -dc < piped > plain");
        assertThat(folder.resolve("plain")).hasBinaryContent(disk());
        assertThat(Files.size(file)).isLessThan(2_200_000);
    }
}
