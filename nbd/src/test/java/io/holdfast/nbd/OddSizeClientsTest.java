package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.clients.Clients;
import io.holdfast.clients.Program;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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

/**
 * Clients that access ranges which are not whole sectors, and do so only if the server announces that; and holes in
 * reads.
 */
@Tag("slow")
@Timeout(300)
@ParameterizedClass
@MethodSource("io.holdfast.clients.Clients#all")
class OddSizeClientsTest {
    private static final int SIZE = 64 << 20;
    private static final int ODD = 1_000_001;

    @Parameter
    Clients clients;

    @TempDir
    Path directory;

    private Volume volume;
    private NbdServer server;

    @BeforeEach
    void start() throws IOException {
        volume = TestVolumes.open();
        volume.create("/disk", CreateOptions.file().withSize(SIZE)).close();
        volume.create("/odd", CreateOptions.file().withSize(ODD)).close();
        NbdAddress address = NbdAddress.parse("unix:" + directory.resolve("s"));
        server = NbdServer.start(volume, List.of(address), NbdOptions.defaults());
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
        volume.close();
    }

    private String uri(String path) {
        return server.uris(path).getFirst();
    }

    private String run(String... line) throws IOException {
        return clients.run(directory, line);
    }

    private Path odd(int bytes) throws IOException {
        byte[] data = new byte[bytes];
        new Random(bytes).nextBytes(data);
        return Files.write(directory.resolve("image" + bytes), data);
    }

    private byte[] stored(String path, long offset, int length) throws IOException {
        ByteBuffer data = ByteBuffer.allocate(length);
        try (StoredFile file = volume.open(path)) {
            file.read(offset, data);
        }
        return data.array();
    }

    @Test
    void nbdcopyCopiesAFileOfOddSize() throws IOException {
        clients.needs("nbdcopy");
        Path image = odd(ODD);
        String back = directory.resolve("back").toString();
        run("nbdcopy", "--flush", image.toString(), uri("/disk"));
        assertThat(stored("/disk", 0, ODD)).isEqualTo(Files.readAllBytes(image));
        assertThat(stored("/disk", ODD, 10_000)).containsOnly(0);
        run("nbdcopy", "--flush", image.toString(), uri("/odd"));
        run("nbdcopy", uri("/odd"), back);
        assertThat(Files.mismatch(image, Path.of(back))).isEqualTo(-1);
    }

    @Test
    void qemuUsesAnExportOfOddSize() throws IOException {
        clients.needs("qemu-img", "qemu-io");
        String image = odd(ODD).toString();
        String odd = uri("/odd");
        // Not by «qemu-img convert»: it writes whole sectors of 512 bytes.
        try (StoredFile file = volume.open("/odd")) {
            file.write(0, ByteBuffer.wrap(Files.readAllBytes(Path.of(image))));
        }
        assertThat(run("qemu-img", "compare", "-f", "raw", "-F", "raw", image, odd))
                .contains("Images are identical");
        assertThat(run(
                        "qemu-io",
                        "-f",
                        "raw",
                        "-c",
                        "write -P 5 999999 2",
                        "-c",
                        "read -P 5 999999 2",
                        "-c",
                        "write -z 3 7",
                        "-c",
                        "read -P 0 3 7",
                        "-c",
                        "discard 999000 1001",
                        odd))
                .doesNotContain("failed", "error", "Pattern verification");
    }

    @Test
    void mkfsMakesAFileSystemOnNbdfuse() throws Exception {
        clients.needs("nbdfuse", "fusermount3");
        Path mkfs = Path.of("/usr/sbin/mkfs.ntfs");
        if (!Files.isExecutable(mkfs) || !Files.isWritable(Path.of("/dev/fuse"))) {
            Program.skip("there is no mkfs.ntfs or no /dev/fuse");
        }
        Path mount = Files.createDirectory(directory.resolve("mount"));
        Path ready = directory.resolve("pid");
        Path said = directory.resolve("said");
        Process fuse = Program.builder(
                        directory, clients.path("nbdfuse"), "-P", ready.toString(), mount + "/disk", uri("/disk"))
                .redirectOutput(said.toFile())
                .start();
        try {
            while (fuse.isAlive() && !Files.exists(ready)) {
                Thread.onSpinWait();
            }
            if (!fuse.isAlive()) {
                Program.skip("nbdfuse cannot mount here: " + Files.readString(said));
            }
            run(mkfs.toString(), "-F", "-Q", mount + "/disk");
            run("fusermount3", "-u", mount.toString());
            assertThat(fuse.waitFor(60, TimeUnit.SECONDS)).isTrue();
        } finally {
            fuse.destroyForcibly();
            Program.end(directory, "fusermount3", "-u", "-q", mount.toString());
        }
        byte[] boot = Arrays.copyOfRange(stored("/disk", 0, 512), 3, 11);
        assertThat(new String(boot, StandardCharsets.US_ASCII)).isEqualTo("NTFS    ");
        // NTFS has a copy of it in the last sector.
        assertThat(Arrays.copyOfRange(stored("/disk", SIZE - 512, 512), 3, 11)).isEqualTo(boot);
    }

    @Test
    void aLargeHoleComesAsHole() throws IOException {
        clients.needs("nbdsh");
        Path script = Files.writeString(directory.resolve("script.py"), """
                h.connect_uri("%s")
                h.pwrite(b"x" * 4096, 20 << 20)
                chunks = []
                h.pread_structured(32 << 20, 4 << 20, lambda data, at, kind, error: chunks.append((kind, at, len(data))))
                assert [c[0] for c in chunks] == [nbd.READ_HOLE, nbd.READ_DATA, nbd.READ_HOLE], chunks
                assert chunks[1] == (nbd.READ_DATA, 20 << 20, 4096), chunks
                chunks.clear()
                data = h.pread_structured(32 << 20, 4 << 20, lambda d, a, k, e: chunks.append(k), nbd.CMD_FLAG_DF)
                assert chunks == [nbd.READ_DATA], chunks
                assert data == bytes(16 << 20) + b"x" * 4096 + bytes((16 << 20) - 4096)
                print("all well")
                """.formatted(uri("/disk")));
        assertThat(run("nbdsh", "-c", "exec(open('" + script + "').read())")).endsWith("all well\n");
    }
}
