package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.clients.Clients;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** QEMU's block jobs, which move and back up the disks of running guests, into and out of this server. */
@Tag("slow")
@Timeout(300)
@ParameterizedClass
@MethodSource("io.holdfast.clients.Clients#all")
class BlockJobsTest {
    private static final long SIZE = 32L << 20;

    @Parameter
    Clients clients;

    @TempDir
    Path directory;

    private Volume volume;
    private NbdServer server;
    private Path image;

    @BeforeEach
    void start() throws IOException {
        clients.needs("qemu-storage-daemon", "qemu-img");
        volume = TestVolumes.open();
        for (String name : List.of("/disk", "/copy")) {
            volume.create(name, CreateOptions.file().withSize(SIZE)).close();
        }
        server = NbdServer.start(
                volume, List.of(NbdAddress.parse("unix:" + directory.resolve("s"))), NbdOptions.defaults());
        image = image("image", true);
    }

    @AfterEach
    void stop() throws IOException {
        if (server != null) {
            server.close();
            volume.close();
        }
    }

    /** Makes a file with data in some places, partly unaligned, or an empty file. */
    private Path image(String name, boolean withData) throws IOException {
        Path file = directory.resolve(name);
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.setLength(SIZE);
            byte[] data = new byte[1 << 20];
            new Random(1).nextBytes(data);
            for (long at : new long[] {0, (10 << 20) + 512, SIZE - data.length}) {
                if (withData) {
                    out.seek(at);
                    out.write(data);
                }
            }
        }
        return file;
    }

    private String export(String name) {
        return "driver=nbd,node-name=" + name + ",discard=unmap,server.type=unix,server.path=" + directory.resolve("s")
                + ",export=" + name;
    }

    private static String file(String node, Path path) {
        return "driver=file,node-name=" + node + ",discard=unmap,filename=" + path;
    }

    private void assertIdentical(String a, String b) throws IOException {
        assertThat(clients.run(directory, "qemu-img", "compare", "-f", "raw", "-F", "raw", a, b))
                .contains("Images are identical");
    }

    private String uri(String name) {
        return server.uris(name).getFirst();
    }

    @Test
    void mirrorsInBetweenAndOut() throws IOException {
        Path back = image("back", false);
        try (StorageDaemon daemon = StorageDaemon.start(
                clients, directory, file("image", image), file("back", back), export("disk"), export("copy"))) {
            daemon.mirror("image", "disk");
            daemon.mirror("disk", "copy");
            daemon.mirror("copy", "back");
        }
        assertIdentical(image.toString(), uri("disk"));
        assertIdentical(image.toString(), uri("copy"));
        assertThat(Files.mismatch(image, back)).isEqualTo(-1);
        assertThat(allocated("/copy")).isLessThan(SIZE / 2);
    }

    @Test
    void backsUpInBetweenAndOut() throws IOException {
        Path back = image("back", false);
        try (StorageDaemon daemon = StorageDaemon.start(
                clients, directory, file("image", image), file("back", back), export("disk"), export("copy"))) {
            daemon.backup("image", "disk");
            daemon.backup("disk", "copy");
            daemon.backup("copy", "back");
        }
        assertIdentical(image.toString(), uri("disk"));
        assertIdentical(image.toString(), uri("copy"));
        assertThat(Files.mismatch(image, back)).isEqualTo(-1);
    }

    private long allocated(String path) throws IOException {
        return volume.status(path).allocatedBytes();
    }
}
