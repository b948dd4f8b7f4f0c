package io.holdfast.cli.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.holdfast.cli.Cancellation;
import io.holdfast.clients.Program;
import io.holdfast.error.HoldfastException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the inspection accepts QEMU reads as it was written; and nothing that a header says does it any harm. */
class InspectionTest {
    private static final int SIZE = 6 << 20;
    private static final int MUTANTS = 400;
    private static final int HEAD_BYTES = 4096;
    private static final int CLUSTER = 64 << 10;

    @TempDir
    Path folder;

    private Path image(String kind) throws IOException {
        Program.needs("qemu-img");
        byte[] disk = new byte[SIZE];
        Random random = new Random(11);
        byte[] part = new byte[300_000];
        for (int at : new int[] {0, 2_000_001, SIZE - part.length}) {
            random.nextBytes(part);
            System.arraycopy(part, 0, disk, at, part.length);
        }
        // Compressible, so that compressed clusters are no longer than others.
        Arrays.fill(disk, 100_000, 150_000, (byte) 7);
        Files.write(folder.resolve("raw"), disk);
        Path image = folder.resolve("image");
        Program.Result made = Program.end(folder, "sh", "-c", "exec qemu-img convert -f raw -O " + kind + " raw image");
        if (!kind.startsWith("qcow ")) {
            made.succeeds(); // of a compressed qcow qemu-img 7.2 writes all, and then says that it failed
        }
        return image;
    }

    /** Inspects what a file begins with. */
    private static boolean accepted(Path image) throws IOException {
        byte[] head = Arrays.copyOf(Files.readAllBytes(image), ImageProbe.HEAD_BYTES);
        ImageFormat format = ImageProbe.ofHead(ByteBuffer.wrap(head));
        if (format.way() != ImageFormat.Way.CONVERT) {
            return false;
        }
        try (Cancellation.Guard guard = Cancellation.none().guard()) {
            Inspection.require(image, "image", format, guard);
            return true;
        } catch (HoldfastException refused) {
            assertThat(refused.getMessage()).contains("image ").doesNotContain("null");
            return false;
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "qcow2",
                "qcow2 -c",
                "qcow2 -c -o compression_type=zstd",
                "qcow2 -o extended_l2=on,cluster_size=128k",
                "qcow2 -o compat=0.10",
                "qcow2 -o cluster_size=512",
                "qcow2 -o cluster_size=2M",
                "qcow2 -o preallocation=metadata",
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
    void theShortestFileThatIsAcceptedHasAllOfTheDisk(String kind) throws IOException {
        Path image = image(kind);
        assertThat(accepted(image)).isTrue();
        byte[] bytes = Files.readAllBytes(image);
        int refused = 0;
        int accepted = bytes.length;
        while (accepted - refused > 1) {
            int middle = refused + (accepted - refused) / 2;
            if (accepted(Files.write(image, Arrays.copyOf(bytes, middle)))) {
                accepted = middle;
            } else {
                refused = middle;
            }
        }
        Files.write(image, Arrays.copyOf(bytes, accepted));
        String format = kind.split(" ")[0];
        // VHD rounds the disk up; the rest is zero, which compare takes for identical.
        assertThat(Program.run(folder, "qemu-img", "compare", "-f", "raw", "-F", format, "raw", "image"))
                .contains("identical");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "qcow2",
                "qcow2 -c",
                "qcow2 -o extended_l2=on",
                "qcow",
                "qed",
                "vmdk",
                "vmdk -o subformat=streamOptimized",
                "vdi",
                "vhdx",
                "vpc",
                "parallels"
            })
    void nothingThatAHeaderSaysDoesHarm(String kind) throws IOException {
        Path image = image(kind);
        byte[] sound = Files.readAllBytes(image);
        int[] used = IntStream.range(0, sound.length)
                .filter(at -> at < HEAD_BYTES || at % HEAD_BYTES < 64)
                .filter(at -> sound[at] != 0)
                .toArray();
        Random random = new Random(5);
        byte[] values = {0, 1, 0x7f, (byte) 0x80, (byte) 0xff};
        for (int i = 0; i < MUTANTS; i++) {
            int changes = 1 + random.nextInt(3);
            int[] places = new int[changes];
            try (FileChannel channel = FileChannel.open(image, StandardOpenOption.WRITE)) {
                for (int change = 0; change < changes; change++) {
                    int near = used[random.nextInt(random.nextBoolean() ? Math.min(used.length, 64) : used.length)];
                    places[change] = Math.max(0, near - random.nextInt(8));
                    byte value = values[random.nextInt(values.length)];
                    channel.write(ByteBuffer.wrap(new byte[] {value}), places[change]);
                }
            }
            accepted(image);
            try (FileChannel channel = FileChannel.open(image, StandardOpenOption.WRITE)) {
                for (int place : places) {
                    channel.write(ByteBuffer.wrap(sound, place, 1), place);
                }
            }
        }
    }

    /** Returns what is wrong with an image, or nothing. */
    private static String wrong(Path image, ImageFormat format) throws IOException {
        try (Cancellation.Guard guard = Cancellation.none().guard()) {
            Inspection.require(image, "image", format, guard);
            return "";
        } catch (HoldfastException refused) {
            return refused.getMessage();
        }
    }

    private String wrongVmdk(String extent) throws IOException {
        Path description = Files.writeString(
                folder.resolve("disk.vmdk"),
                "# Disk DescriptorFile\nversion=1\nCID=1b308a44\nparentCID=ffffffff\ncreateType=\"monolithicFlat\"\n"
                        + "RW 2 FLAT \"" + extent + "\" 0\n");
        return wrong(description, ImageFormat.VMDK);
    }

    @Test
    void theExtentsOfAVmdkAreNamedAfterIt() throws IOException {
        for (String extent : List.of("disk-flat.vmdk", "disk.img", "victim.raw", "disks", "dis")) {
            Files.write(folder.resolve(extent), new byte[1024]);
        }
        assertThat(wrongVmdk("disk-flat.vmdk")).isEmpty();
        assertThat(wrongVmdk("disk.img")).isEmpty();
        for (String extent : List.of("victim.raw", "disks", "dis")) {
            assertThat(wrongVmdk(extent)).contains("'" + extent + "', which is not named after it", "qemu-img convert");
        }
    }

    @Test
    void theExtentsOfAVmdkHaveItsOwner() throws IOException {
        Path extent = Files.write(folder.resolve("disk-flat.vmdk"), new byte[1024]);
        assumeThat(System.getProperty("user.name")).isEqualTo("root"); // nobody else may give a file away
        Files.setAttribute(extent, "unix:uid", 65534);
        assertThat(wrongVmdk("disk-flat.vmdk")).contains("belongs to another user", "qemu-img convert");
    }

    /** Makes a qcow2 with one L2 table, whose entries lead to the places in turn; behind the tables are two compressed clusters. */
    private Path compressed(long... places) throws IOException {
        byte[] data = new byte[300];
        for (int at : new int[] {0, 100}) {
            Deflater deflater = new Deflater(9, true);
            deflater.setInput(new byte[CLUSTER]);
            deflater.finish();
            assertThat(deflater.deflate(data, at, 100)).isLessThan(100);
            deflater.end();
        }
        ByteBuffer image = ByteBuffer.allocate(3 * CLUSTER + data.length);
        image.putInt(0, 0x514649fb).putInt(4, 3).putInt(20, 16).putLong(24, (long) CLUSTER * CLUSTER / 8);
        image.putInt(36, 1).putLong(40, CLUSTER).putLong(CLUSTER, 2L * CLUSTER).put(3 * CLUSTER, data);
        for (int i = 0; i < CLUSTER / 8; i++) {
            image.putLong(2 * CLUSTER + i * 8, 1L << 62 | places[i % places.length]);
        }
        return Files.write(folder.resolve("image"), image.array());
    }

    @Test
    void clustersThatLeadToOneCompressedClusterCostNoTime() throws IOException {
        long place = 3L * CLUSTER;
        assertThat(wrong(compressed(place), ImageFormat.QCOW2)).isEmpty();
        assertThat(wrong(compressed(place, place + 100), ImageFormat.QCOW2))
                .contains("too many of its clusters lead to its last bytes");
        assertThat(wrong(compressed(place, place + 200), ImageFormat.QCOW2)).contains("the file ends at");
    }

    /** A file may be long and have nothing in it: its tables are not read for as long as it says. */
    @Test
    void tablesInHolesAreBounded() throws IOException {
        ByteBuffer head = ByteBuffer.allocate(4 << 20);
        head.putInt(0, 0x514649fb).putInt(4, 3).putInt(20, 21).putLong(24, 1L << 51);
        head.putInt(36, 4096).putLong(40, 2 << 20);
        for (int i = 0; i < 4096; i++) {
            head.putLong((2 << 20) + i * 8, (i + 2L) << 21);
        }
        Path image = Files.write(folder.resolve("image"), head.array());
        try (FileChannel channel = FileChannel.open(image, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(1), 16L << 30);
            assertThat(wrong(image, ImageFormat.QCOW2)).contains("its tables lead to holes");
            channel.write(head.putInt(36, (4 << 20) + 1).slice(0, 512), 0);
            assertThat(wrong(image, ImageFormat.QCOW2)).contains("larger than 32 MiB, which QEMU does not take");
        }
    }
}
