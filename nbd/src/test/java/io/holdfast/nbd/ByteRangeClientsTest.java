package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.clients.Clients;
import io.holdfast.clients.Program;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Clients that read and write any range of bytes, on a disk whose size is odd. */
@Tag("slow")
@Timeout(300)
@ParameterizedClass
@MethodSource("io.holdfast.clients.Clients#all")
class ByteRangeClientsTest {
    private static final int SIZE = (16 << 20) + 333;

    @Parameter
    Clients clients;

    @TempDir
    Path directory;

    private Volume volume;
    private NbdServer server;
    private String uri;
    private Process fuse;

    @BeforeEach
    void start() throws IOException {
        volume = TestVolumes.open();
        volume.create("/disk", CreateOptions.file().withSize(SIZE)).close();
        server = NbdServer.start(
                volume, List.of(NbdAddress.parse("unix:" + directory.resolve("s"))), NbdOptions.defaults());
        uri = server.uris("disk").getFirst();
    }

    @AfterEach
    void stop() throws Exception {
        if (fuse != null && fuse.isAlive()) {
            Program.end(
                    directory,
                    "fusermount3",
                    "-u",
                    "-z",
                    directory.resolve("mount").toString());
            fuse.destroyForcibly().waitFor();
        }
        server.close();
        volume.close();
    }

    private Path image() throws IOException {
        byte[] data = new byte[SIZE];
        new Random(1).nextBytes(data);
        return Files.write(directory.resolve("image"), data);
    }

    @Test
    void nbdcopyCopiesAnOddSize() throws IOException {
        clients.needs("nbdcopy");
        Path image = image();
        Path back = directory.resolve("back");
        clients.run(directory, "nbdcopy", image.toString(), uri);
        clients.run(directory, "nbdcopy", uri, back.toString());
        assertThat(Files.mismatch(image, back)).isEqualTo(-1);
    }

    @Test
    void nbdkitShowsAPartition() throws IOException {
        clients.needs("nbdkit", "nbdcopy");
        Program.needs("sgdisk");
        Path image = image();
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(SIZE - 333);
        }
        Program.run(directory, "sgdisk", "--clear", "--set-alignment=1", "--new=1:2049:8200", image.toString());
        clients.run(directory, "nbdcopy", image.toString(), uri);
        Path back = directory.resolve("back");
        clients.run(
                directory,
                "nbdkit",
                "-U",
                "-",
                "--filter=partition",
                "nbd",
                "uri=" + uri,
                "partition=1",
                "--run",
                clients.path("nbdcopy") + " \"$uri\" " + back);
        byte[] all = Files.readAllBytes(image);
        byte[] partition = Files.readAllBytes(back);
        assertThat(partition).hasSize((8200 - 2049 + 1) * 512);
        assertThat(ByteBuffer.wrap(all, 2049 * 512, partition.length)).isEqualTo(ByteBuffer.wrap(partition));
    }

    @Test
    void nbdfuseIsAFile() throws Exception {
        Path file = mounted();
        byte[] data = new byte[70001];
        new Random(2).nextBytes(data);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            for (long at : new long[] {4095, SIZE - data.length}) {
                channel.write(ByteBuffer.wrap(data), at);
            }
            channel.force(true);
        }
        unmount();
        Path back = directory.resolve("back");
        clients.run(directory, "nbdcopy", uri, back.toString());
        byte[] all = Files.readAllBytes(back);
        assertThat(all).hasSize(SIZE);
        assertThat(ByteBuffer.wrap(all, 4095, data.length)).isEqualTo(ByteBuffer.wrap(data));
        assertThat(ByteBuffer.wrap(all, SIZE - data.length, data.length)).isEqualTo(ByteBuffer.wrap(data));
    }

    @Test
    void nbdfuseTakesAFileSystem() throws Exception {
        Program.needs("mkfs.ntfs", "ntfsfix");
        Path file = mounted();
        Program.run(directory, "mkfs.ntfs", "--force", "--quick", file.toString());
        Program.run(directory, "ntfsfix", "--no-action", file.toString());
        unmount();
    }

    private Path mounted() throws Exception {
        clients.needs("nbdfuse", "nbdcopy");
        Program.needs("fusermount3");
        if (!Files.isWritable(Path.of("/dev/fuse"))) {
            Program.skip("there is no /dev/fuse for nbdfuse");
        }
        Path file = Files.createDirectory(directory.resolve("mount")).resolve("disk");
        Process process = Program.builder(directory, clients.path("nbdfuse"), file.toString(), uri)
                .redirectOutput(directory.resolve("nbdfuse.log").toFile())
                .start();
        fuse = process;
        while (!Files.exists(file)) {
            assertThat(process.isAlive())
                    .as(() -> text(directory.resolve("nbdfuse.log")))
                    .isTrue();
            Thread.onSpinWait();
        }
        assertThat(Files.size(file)).isEqualTo(SIZE);
        return file;
    }

    /** Unmounts, and waits until nbdfuse has ended: then the server has all that was written. */
    private void unmount() throws Exception {
        Program.run(directory, "fusermount3", "-u", directory.resolve("mount").toString());
        assertThat(fuse.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(fuse.exitValue()).isZero();
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
