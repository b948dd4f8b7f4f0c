package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.demo.RealServer;
import io.holdfast.clients.Clients;
import io.holdfast.clients.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Other people's NBD clients against {@code holdfast serve} on the real engine. Each test kills the server at its end,
 * serves the volume again, and finds all that was written; then it closes and checks the volume.
 */
@Tag("slow")
@Timeout(300)
@ParameterizedClass
@MethodSource("io.holdfast.clients.Clients#all")
class RealClientsTest {
    private static final long SIZE = 64L << 20;

    @Parameter
    Clients clients;

    @TempDir
    private Path folder;

    private RealServer server;
    private String disk;
    private String copy;

    @BeforeEach
    void create() throws IOException {
        server = new RealServer(folder, "512M");
        server.run("create", "VOLUME", "/disk", "--size", "64M");
        server.run("create", "VOLUME", "/copy", "--size", "64M");
        disk = server.uri("/disk");
        copy = server.uri("/copy");
    }

    @AfterEach
    void stopAndCheck() throws IOException {
        if (!server.wasStarted()) {
            return; // skipped
        }
        try (RealServer ending = server) {
            assertThat(ending.stop()).isZero();
            ending.assertClean();
        }
    }

    private String run(String... arguments) throws IOException {
        return clients.run(folder, arguments);
    }

    private static final String[] RAW = {"-f", "raw", "-O", "raw"};

    private String[] qemuImg(String command, Stream<String> rest) {
        return Stream.concat(Stream.of("qemu-img", command), rest).toArray(String[]::new);
    }

    private void convert(String... rest) throws IOException {
        run(qemuImg("convert", Stream.concat(Stream.of(RAW), Stream.of(rest))));
    }

    private void assertIdentical(String a, String b) throws IOException {
        assertThat(run("qemu-img", "compare", "-f", "raw", "-F", "raw", a, b)).contains("Images are identical");
    }

    /** Kills the server and serves the volume again. */
    private void killAndServe(String... options) throws IOException {
        server.kill();
        server.start(options);
    }

    /** Returns the bytes allocated to a file of the volume. */
    private long allocated(String path) throws IOException {
        return server.run("stat", "VOLUME", path).path("allocated_bytes").asLong(-1);
    }

    @Test
    void qemuImgConvertsComparesAndMaps() throws IOException {
        clients.needs("qemu-img", "cmp");
        server.start();
        String image = SparseImage.make(folder, SIZE).toString();
        assertThat(run("qemu-img", "info", disk)).contains("64 MiB (67108864 bytes)");
        convert("-n", image, disk);
        assertIdentical(image, disk);
        assertThat(run("qemu-img", "map", "--output=json", "-f", "raw", disk))
                .contains("\"start\": 0, \"length\": 3145728, \"depth\": 0, \"present\": true, \"zero\": false")
                .contains("\"start\": 3145728, \"length\": 7340032, \"depth\": 0, \"present\": true, \"zero\": true");
        String back = folder.resolve("back").toString();
        convert(disk, back);
        run("cmp", image, back);
        convert("-n", "-W", "-m", "8", disk, copy);
        assertIdentical(disk, copy);
        killAndServe();
        assertIdentical(image, disk);
        assertIdentical(image, copy);
    }

    @Test
    void qemuImgPutsItsOwnFormatInside() throws IOException {
        clients.needs("qemu-img");
        server.start();
        String image = SparseImage.make(folder, 32L << 20).toString();
        run("qemu-img", "create", "-f", "qcow2", disk, "32M");
        run("qemu-img", "convert", "-n", "-f", "raw", "-O", "qcow2", image, disk);
        run("qemu-img", "check", "-f", "qcow2", disk);
        killAndServe();
        assertThat(run("qemu-img", "compare", "-f", "raw", "-F", "qcow2", image, disk))
                .contains("Images are identical");
    }

    @Test
    void qemuIoUsesEveryCommand() throws IOException {
        clients.needs("qemu-io");
        server.start();
        qemuIo(
                "write -P 0x11 0 1M",
                "write -f -P 0x22 1000 1000",
                "write -P 0x33 32M 32M",
                "write -z -u 64k 64k",
                "write -z 128k 4k",
                "write -z -f 256k 64k",
                "discard 512k 256k",
                "flush");
        String[] expected = {
            "read -P 0x11 0 1000",
            "read -P 0x22 1000 1000",
            "read -P 0x11 2000 63536",
            "read -P 0 64k 68k",
            "read -P 0x11 132k 124k",
            "read -P 0 256k 64k",
            "read -P 0 512k 256k",
            "read -P 0 1M 31M",
            "read -P 0x33 32M 32M"
        };
        qemuIo(expected);
        killAndServe();
        qemuIo(expected);
    }

    private void qemuIo(String... commands) throws IOException {
        List<String> line = new ArrayList<>(List.of("qemu-io", "-f", "raw", "-t", "writeback"));
        for (String command : commands) {
            line.add("-c");
            line.add(command);
        }
        line.add(disk);
        String output = run(line.toArray(String[]::new));
        assertThat(output).doesNotContain("failed", "error", "Pattern verification");
    }

    /** FUA makes a write durable without a flush. */
    @Test
    void aForcedWriteSurvivesAKill() throws IOException {
        clients.needs("qemu-io");
        server.start();
        for (int round = 1; round <= 5; round++) {
            // qemu-io flushes when it closes, so kill it before that, once its write is acknowledged.
            Path said = folder.resolve("said" + round);
            Process process = Program.builder(
                            folder, "stdbuf", "-oL", clients.path("qemu-io"), "-f", "raw", "-t", "writeback", disk)
                    .redirectOutput(said.toFile())
                    .start();
            try (var in = process.outputWriter()) {
                in.write("write -f -P " + round + " " + round * 12345 + " 200000\n");
                in.flush();
                while (!Files.readString(said).contains("wrote 200000/200000") && process.isAlive()) {
                    Thread.onSpinWait();
                }
                server.kill();
            } finally {
                process.destroyForcibly();
            }
            server.start();
            qemuIo("read -P " + round + " " + round * 12345 + " 200000");
        }
    }

    @ParameterizedTest
    @CsvSource({"512", "4096"})
    void nbdinfoListsAndDescribes(int sector) throws IOException {
        clients.needs("nbdinfo");
        server.start("--sector-size", Integer.toString(sector));
        assertThat(run("nbdinfo", "--size", disk)).isEqualTo("67108864\n");
        assertThat(run("nbdinfo", "--list", "--no-content", disk)).contains("export=\"disk\":", "export=\"copy\":");
        for (String ability :
                List.of("cache", "df", "fast-zero", "flush", "fua", "multi-conn", "trim", "write", "zero")) {
            assertThat(clients.end(folder, "nbdinfo", "--can", ability, disk).status())
                    .as(ability)
                    .isZero();
        }
        assertThat(clients.end(folder, "nbdinfo", "--is", "read-only", disk).status())
                .isEqualTo(2);
        assertThat(run("nbdinfo", "--no-content", disk))
                .contains("base:allocation", "block_size_minimum: " + sector, "block_size_preferred: 4096");
        assertThat(run("nbdinfo", "--map", "--totals", disk))
                .contains("67108864 100.0%")
                .contains("hole,zero");
        convertIn(sector);
    }

    /** Copies unaligned data in and out through a server of this sector size. */
    private void convertIn(int sector) throws IOException {
        clients.needs("qemu-img");
        String image = SparseImage.make(folder, SIZE).toString();
        convert("-n", image, disk);
        killAndServe("--sector-size", Integer.toString(sector));
        assertIdentical(image, disk);
    }

    @Test
    void aReadOnlyServerTakesNoWrites() throws IOException {
        clients.needs("nbdinfo", "qemu-io", "qemu-img");
        String image = SparseImage.make(folder, SIZE).toString();
        server.start();
        convert("-n", image, disk);
        server.kill();
        server.start("--read-only");
        assertThat(clients.end(folder, "nbdinfo", "--is", "read-only", disk).status())
                .isZero();
        assertThat(clients.end(folder, "qemu-io", "-f", "raw", "-c", "write 0 64k", disk)
                        .status())
                .isNotZero();
        assertIdentical(image, disk);
    }

    @Test
    void nbdcopyCopiesBothWaysAndKeepsHoles() throws IOException {
        clients.needs("nbdcopy", "nbdinfo", "cmp");
        server.start();
        Path image = SparseImage.make(folder, SIZE);
        Path back = folder.resolve("back");
        run("nbdcopy", "--connections=4", "--requests=64", "--flush", image.toString(), disk);
        run("nbdcopy", disk, back.toString());
        run("cmp", image.toString(), back.toString());
        assertThat(SparseImage.allocated(back)).isLessThan(SIZE / 2);
        run("nbdcopy", "--synchronous", "--request-size=33554432", "--flush", disk, copy);
        assertThat(run("nbdinfo", "--map", copy)).isEqualTo(run("nbdinfo", "--map", disk));
        assertThat(allocated("/copy")).isBetween(1L, SIZE / 2).isEqualTo(allocated("/disk"));
        killAndServe();
        run("nbdcopy", copy, back.toString());
        run("cmp", image.toString(), back.toString());
    }

    @ParameterizedTest
    @CsvSource({"512, 16, 512, 1", "4k, 64, 512, 2", "64k, 128, 4096, 2", "1m, 256, 512, 1", "4k, 64, 4096, 1"})
    void fioVerifiesWhatItWrites(String size, int megabytes, int sector, int jobs) throws IOException {
        clients.needs("fio");
        if (!run("fio", "--enghelp").contains("nbd")) {
            System.out.println("skipped: this fio has no nbd engine");
            return;
        }
        server.start("--sector-size", Integer.toString(sector));
        fio(size, megabytes, jobs, "--do_verify=1", "--fsync=64", "--end_fsync=1");
        killAndServe("--sector-size", Integer.toString(sector));
        fio(size, megabytes, jobs, "--verify_only=1");
    }

    private void fio(String blockSize, int megabytes, int jobs, String... rest) throws IOException {
        List<String> line = new ArrayList<>(List.of(
                "fio",
                "--name=verify",
                "--ioengine=nbd",
                "--uri=" + disk,
                "--rw=randwrite",
                "--bs=" + blockSize,
                "--size=" + (SIZE >> 20) / jobs + "m",
                "--offset_increment=" + (SIZE >> 20) / jobs + "m",
                "--io_size=" + megabytes / jobs + "m",
                "--numjobs=" + jobs,
                "--iodepth=32",
                "--verify=crc32c",
                "--verify_fatal=1",
                "--randseed=1"));
        line.addAll(List.of(rest));
        assertThat(run(line.toArray(String[]::new))).contains("err= 0");
    }

    @Test
    void encryptedClientsAreServedAndOthersRefused() throws IOException {
        clients.needs("openssl", "nbdinfo", "nbdcopy", "cmp");
        Path pki = Certificates.make(folder);
        server.start("--tls-certs", pki.toString(), "--tls-verify-peer");
        String secure = "nbds+unix" + disk.substring(disk.indexOf(':')) + "&tls-certificates=" + pki
                + "&tls-hostname=localhost";
        String image = SparseImage.make(folder, SIZE).toString();
        run("nbdcopy", "--connections=2", "--flush", image, secure);
        String back = folder.resolve("back").toString();
        run("nbdcopy", secure, back);
        run("cmp", image, back);
        assertThat(run("nbdinfo", "--no-content", secure)).contains("with TLS", "export-size: 67108864");
        assertThat(clients.end(folder, "nbdinfo", disk).status()).isNotZero();
        killAndServe();
        run("nbdcopy", disk, back);
        run("cmp", image, back);
    }
}
