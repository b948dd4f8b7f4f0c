package io.holdfast.device;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.UnderlyingStorage.Part;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Devices on devices, as a sysfs of our own shows them. */
class UnderlyingStorageTest {
    @TempDir
    private Path root;

    private Path sysfs;
    private Path nodes;
    private Path file;

    @BeforeEach
    void make() throws IOException {
        sysfs = Files.createDirectories(root.resolve("block"));
        nodes = Files.createDirectories(root.resolve("dev"));
        file = Files.createFile(root.resolve("file"));
    }

    /** Adds a device below {@code in}, as {@code /sys/dev/block/NUMBER} leads to it. */
    private Path device(Path in, String name, String number) throws IOException {
        Path folder = Files.createDirectories(in.resolve(name));
        write(folder, "dev", number);
        Files.writeString(folder.resolve("uevent"), "MAJOR=1\nDEVNAME=" + name + "\nDEVTYPE=disk\n");
        Files.createDirectories(folder.resolve("slaves"));
        Files.createSymbolicLink(sysfs.resolve(number), folder);
        if (Files.notExists(nodes.resolve(name))) {
            Files.createFile(nodes.resolve(name));
        }
        return folder;
    }

    private Path disk(String name, String number) throws IOException {
        return device(root.resolve("devices"), name, number);
    }

    private static void write(Path folder, String name, Object value) throws IOException {
        Files.writeString(folder.resolve(name), value + "\n");
    }

    private static void backed(Path device, Path by, long offset, long limit) throws IOException {
        Path loop = Files.createDirectories(device.resolve("loop"));
        write(loop, "backing_file", by);
        write(loop, "offset", offset);
        write(loop, "sizelimit", limit);
    }

    private static void partition(Path device, long start, long sectors) throws IOException {
        write(device, "partition", 1);
        write(device, "start", start);
        write(device, "size", sectors);
    }

    private List<Part> below(int major, int minor) throws IOException {
        return new UnderlyingStorage(sysfs, nodes).of(new BlockDeviceNumber(major, minor));
    }

    @Test
    void aDiskLiesOnNothing() throws IOException {
        disk("sda", "8:0");
        assertThat(below(8, 0)).isEmpty();
        assertThat(below(8, 99)).isEmpty();
    }

    @Test
    void aPartitionLiesInItsDisk() throws IOException {
        partition(device(disk("sda", "8:0"), "sda1", "8:1"), 2048, 100);
        assertThat(below(8, 1)).containsExactly(new Part(nodes.resolve("sda"), 2048 * 512, 100 * 512, false));
    }

    @Test
    void aPartitionOfALoopDeviceLiesInItsFile() throws IOException {
        Path loop = disk("loop0", "7:0");
        backed(loop, file, 4096, 0);
        partition(device(loop, "loop0p1", "259:0"), 8, 100);
        assertThat(below(7, 0)).containsExactly(new Part(file, 4096, Long.MAX_VALUE - 4096, true));
        assertThat(below(259, 0))
                .containsExactly(
                        new Part(nodes.resolve("loop0"), 8 * 512, 100 * 512, false),
                        new Part(file, 4096 + 8 * 512, 100 * 512, true));
    }

    @Test
    void aLimitIsTheEndOfALoopDevice() throws IOException {
        backed(disk("loop0", "7:0"), file, 4096, 8192);
        assertThat(below(7, 0)).containsExactly(new Part(file, 4096, 8192, true));
    }

    @Test
    void whatIsPutTogetherLiesSomewhereInItsParts() throws IOException {
        Path loop = disk("loop0", "7:0");
        backed(loop, file, 4096, 0);
        Path mapped = disk("dm-0", "253:0");
        Files.createSymbolicLink(mapped.resolve("slaves/loop0"), loop);
        assertThat(below(253, 0)).containsExactly(new Part(file, 0, Long.MAX_VALUE, false));
    }

    @Test
    void aFileThatIsGoneOrUnseenIsLeftOut() throws IOException {
        backed(disk("loop0", "7:0"), root.resolve("file (deleted)"), 0, 0);
        assertThat(below(7, 0)).isEmpty();
    }

    @Test
    void aCircleEnds() throws IOException {
        Path a = disk("dm-0", "253:0");
        Path b = disk("dm-1", "253:1");
        Files.createSymbolicLink(a.resolve("slaves/dm-1"), b);
        Files.createSymbolicLink(b.resolve("slaves/dm-0"), a);
        assertThat(below(253, 0)).isEmpty();
    }
}
