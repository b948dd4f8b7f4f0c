package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.clients.Clients;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
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

/** Other people's clients against this server. A program that is not installed skips its test with a printed line. */
@Tag("slow")
@Timeout(300)
@ParameterizedClass
@MethodSource("io.holdfast.clients.Clients#all")
class RealClientsTest {
    private static final long SIZE = 64L << 20;

    @Parameter
    Clients clients;

    @TempDir
    Path directory;

    private Volume volume;
    private NbdServer server;
    private String uri;

    @BeforeEach
    void start() throws IOException {
        volume = TestVolumes.open();
        volume.mkdir("/vm", CreateOptions.directory());
        volume.create("/vm/disk", CreateOptions.file().withSize(SIZE)).close();
        volume.create("/vm/copy", CreateOptions.file().withSize(SIZE)).close();
        server = serve(NbdOptions.defaults(), "unix:" + directory.resolve("s"));
        uri = server.uris("/vm/disk").getFirst();
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
        volume.close();
    }

    private NbdServer serve(NbdOptions options, String address) throws IOException {
        return NbdServer.start(volume, List.of(NbdAddress.parse(address)), options);
    }

    private String run(String... arguments) throws IOException {
        return clients.run(directory, arguments);
    }

    /** Makes a sparse file with data in some places, one of them unaligned. */
    private Path image() throws IOException {
        Path image = directory.resolve("image");
        byte[] data = new byte[3 << 20];
        new Random(1).nextBytes(data);
        try (FileChannel out = FileChannel.open(
                image, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.SPARSE)) {
            for (long at : new long[] {0, 10 << 20, (20 << 20) + 512, SIZE - data.length}) {
                out.write(ByteBuffer.wrap(data), at);
            }
        }
        return image;
    }

    @Test
    void qemuImgConvertsComparesAndMaps() throws IOException {
        clients.needs("qemu-img");
        String image = image().toString();
        assertThat(run("qemu-img", "info", uri)).contains("64 MiB (67108864 bytes)");
        run("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", image, uri);
        assertThat(run("qemu-img", "compare", "-f", "raw", "-F", "raw", image, uri))
                .contains("Images are identical");
        assertThat(run("qemu-img", "map", "--output=json", "-f", "raw", uri))
                .contains("\"start\": 0, \"length\": 3145728, \"depth\": 0, \"present\": true, \"zero\": false")
                .contains("\"start\": 3145728, \"length\": 7340032, \"depth\": 0, \"present\": true, \"zero\": true");
        String back = directory.resolve("back").toString();
        run("qemu-img", "convert", "-f", "raw", "-O", "raw", uri, back);
        run("cmp", image, back);
        run(
                "qemu-img",
                "convert",
                "-n",
                "-W",
                "-m",
                "8",
                "-f",
                "raw",
                "-O",
                "raw",
                image,
                server.uris("vm/copy").getFirst());
        assertThat(run(
                        "qemu-img",
                        "compare",
                        "-f",
                        "raw",
                        "-F",
                        "raw",
                        uri,
                        server.uris("vm/copy").getFirst()))
                .contains("Images are identical");
    }

    @Test
    void qemuImgPutsItsOwnFormatInside() throws IOException {
        clients.needs("qemu-img");
        String image = image().toString();
        run("qemu-img", "create", "-f", "qcow2", uri, "64M");
        assertThat(run("qemu-img", "info", "-f", "qcow2", uri)).contains("file format: qcow2");
        Path qcow = directory.resolve("q.qcow2");
        run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", image, qcow.toString());
        run("qemu-img", "convert", "-n", "-f", "qcow2", "-O", "raw", qcow.toString(), uri);
        assertThat(run("qemu-img", "compare", "-f", "raw", "-F", "raw", image, uri))
                .contains("Images are identical");
    }

    @Test
    void qemuIoUsesEveryCommand() throws IOException {
        clients.needs("qemu-io");
        String output = run(
                "qemu-io",
                "-f",
                "raw",
                "-t",
                "writeback",
                "-c",
                "write -P 0x11 0 1M",
                "-c",
                "write -f -P 0x22 1000 1000",
                "-c",
                "flush",
                "-c",
                "read -P 0x11 0 1000",
                "-c",
                "read -P 0x22 1000 1000",
                "-c",
                "read -P 0x11 2000 100000",
                "-c",
                "write -z -u 64k 64k",
                "-c",
                "write -z 128k 4k",
                "-c",
                "write -z -n 256k 64k",
                "-c",
                "read -P 0 64k 64k",
                "-c",
                "discard 512k 256k",
                "-c",
                "read -P 0 512k 256k",
                "-c",
                "write -P 0x33 32M 32M",
                "-c",
                "read -P 0x33 32M 32M",
                "-c",
                "map",
                uri);
        assertThat(output)
                .doesNotContain("failed", "error", "Pattern verification")
                .contains("wrote 33554432/33554432");
    }

    @Test
    void qemuIoCanNotWriteToAReadOnlyServer() throws IOException {
        clients.needs("qemu-io");
        try (NbdServer readOnly = serve(NbdOptions.defaults().withReadOnly(true), "tcp:127.0.0.1:0")) {
            String to = readOnly.uris("vm/disk").getFirst();
            assertThat(run("qemu-io", "-r", "-f", "raw", "-c", "read -P 0 0 64k", to))
                    .contains("read 65536/65536");
            clients.end(directory, "qemu-io", "-f", "raw", "-c", "write 0 64k", to)
                    .fails();
        }
    }

    @Test
    void nbdinfoListsAndDescribes() throws IOException {
        clients.needs("nbdinfo");
        assertThat(run("nbdinfo", "--list", "--no-content", uri))
                .contains("export=\"vm/disk\":", "export=\"vm/copy\":");
        assertThat(run("nbdinfo", "--no-content", uri))
                .contains(
                        "export-size: 67108864",
                        "base:allocation",
                        "is_read_only: false",
                        "can_cache: true",
                        "can_df: true",
                        "can_fast_zero: true",
                        "can_flush: true",
                        "can_fua: true",
                        "can_multi_conn: true",
                        "can_trim: true",
                        "can_zero: true",
                        "block_size_minimum: 1",
                        "block_size_preferred: 4096",
                        "block_size_maximum: 67108864");
        assertThat(run("nbdinfo", "--map", "--totals", uri))
                .contains("67108864 100.0%")
                .contains("hole,zero");
    }

    @Test
    void qemuImgShowsTheServersMessages() throws IOException {
        clients.needs("qemu-img");
        assertThat(clients.end(
                                directory,
                                "qemu-img",
                                "info",
                                server.uris("nothing").getFirst())
                        .fails()
                        .output())
                .contains("cannot open export 'nothing': /nothing does not exist");
    }

    @Test
    void nbdcopyCopiesOverManyConnections() throws IOException {
        clients.needs("nbdcopy", "cmp");
        String image = image().toString();
        run("nbdcopy", "--connections=4", "--requests=64", "--flush", image, uri);
        String back = directory.resolve("back").toString();
        run("nbdcopy", uri, back);
        run("cmp", image, back);
        run(
                "nbdcopy",
                "--synchronous",
                "--request-size=33554432",
                uri,
                server.uris("vm/copy").getFirst());
        run("nbdcopy", "--allocated", server.uris("vm/copy").getFirst(), back);
        run("cmp", image, back);
    }

    @Test
    void nbdshUsesWhatOtherClientsDoNot() throws IOException {
        clients.needs("nbdsh");
        String script = """
                h.set_request_block_size(False)
                h.add_meta_context("base:allocation")
                h.connect_uri("%s")
                assert h.get_structured_replies_negotiated()
                data = bytes((i * 7) & 255 for i in range(70000))
                h.pwrite(data, 4095, nbd.CMD_FLAG_FUA)
                assert h.pread(70000, 4095) == data
                parts = []
                h.pread_structured(70000, 4095, lambda d, o, s, e: parts.append((o, len(d))), nbd.CMD_FLAG_DF)
                assert parts == [(4095, 70000)], parts
                h.zero(8192, 4096, nbd.CMD_FLAG_NO_HOLE | nbd.CMD_FLAG_FAST_ZERO | nbd.CMD_FLAG_FUA)
                h.trim(4096, 16384, nbd.CMD_FLAG_FUA)
                h.cache(1 << 20, 0)
                h.flush()
                seen = []
                h.block_status(65536, 0, lambda c, o, e, err: seen.append((c, o, list(e))))
                assert seen[0][2][:8] == [4096, 0, 8192, 2, 4096, 0, 4096, 3], seen
                one = []
                h.block_status(65536, 0, lambda c, o, e, err: one.append(list(e)), nbd.CMD_FLAG_REQ_ONE)
                assert len(one[0]) == 2, one
                h.set_strict_mode(0)
                for call, want in [(lambda: h.pwrite(b"x" * 512, h.get_size()), "ENOSPC"),
                                   (lambda: h.pread(512, h.get_size()), "EINVAL"),
                                   (lambda: h.trim(512, h.get_size()), "EINVAL"),
                                   (lambda: h.zero(512, h.get_size()), "ENOSPC")]:
                    try:
                        call()
                        assert False, "no error"
                    except nbd.Error as error:
                        assert error.errno == want, error
                big = bytes(64 << 20)
                h.pwrite(big, 0)
                assert h.pread(64 << 20, 0) == big
                h.shutdown()
                print("all well")
                """.formatted(uri);
        Path file = Files.writeString(directory.resolve("script.py"), script);
        assertThat(run("nbdsh", "-c", "exec(open('" + file + "').read())")).endsWith("all well\n");
    }

    @Test
    void fioVerifiesWhatItWrites() throws IOException {
        clients.needs("fio");
        if (!run("fio", "--enghelp").contains("nbd")) {
            System.out.println("skipped: this fio has no nbd engine");
            return;
        }
        run(
                "fio",
                "--name=verify",
                "--ioengine=nbd",
                "--uri=" + uri,
                "--rw=randwrite",
                "--bsrange=512-128k",
                "--size=32m",
                "--io_size=64m",
                "--iodepth=32",
                "--verify=crc32c",
                "--verify_backlog=256",
                "--fsync=64",
                "--randseed=1",
                "--do_verify=1",
                "--verify_fatal=1");
    }

    @Test
    void encryptedClientsAreServedAndOthersRefused() throws IOException {
        clients.needs("qemu-img", "nbdinfo", "nbdcopy", "cmp");
        Path pki = TestCertificates.make(directory);
        String image = image().toString();
        NbdOptions options = NbdOptions.defaults().withTls(new NbdTls(pki, true, true));
        try (NbdServer tls = serve(options, "tcp:127.0.0.1:0")) {
            String to = tls.uris("vm/disk").getFirst() + "?tls-certificates=" + pki;
            run("nbdcopy", "--connections=2", image, to);
            String back = directory.resolve("back").toString();
            run("nbdcopy", to, back);
            run("cmp", image, back);
            int port = ((NbdAddress.Tcp) tls.addresses().getFirst()).port();
            assertThat(run(
                            "qemu-img",
                            "compare",
                            "--object",
                            "tls-creds-x509,id=t,endpoint=client,dir=" + pki,
                            "--image-opts",
                            "driver=raw,file.filename=" + image,
                            "driver=raw,file.driver=nbd,file.host=127.0.0.1,file.export=vm/disk,file.tls-creds=t,file.port="
                                    + port))
                    .contains("Images are identical");
            assertThat(clients.end(directory, "qemu-img", "info", "nbd://127.0.0.1:" + port + "/vm/disk")
                            .fails()
                            .output())
                    .contains("encrypted clients only");
        }
    }
}
