package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.demo.RealServer;
import io.holdfast.clients.Program;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The XML and the commands for libvirt in docs/RECIPES.md, with a real libvirtd of the system, whose QEMU belongs to another
 * user than the server: it reaches a disk by the group of the socket alone. The machine is emulated and has no guest; its monitor
 * reads and writes the disk.
 */
@Tag("slow")
@Timeout(300)
class LibvirtTest {
    @TempDir
    private Path folder;

    private String page;
    private Places places;
    private RealServer server;
    private Optional<Libvirtd> daemon = Optional.empty();
    private int asked;

    @BeforeEach
    void start() throws IOException {
        Program.needs("qemu-io", "openssl");
        Libvirtd.need(folder);
        page = Files.readString(RecipesPageTest.PAGE);
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            places = new Places(folder, free.getLocalPort());
        }
        Path pki = Certificates.make(folder);
        try (Stream<Path> files = Files.list(pki)) {
            for (Path file : files.toList()) {
                Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
            }
        }
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        byte[] disk = new byte[8 << 20];
        new Random(1).nextBytes(disk);
        Path image = Files.write(folder.resolve("debian.img"), disk);
        server = new RealServer(folder, folder.resolve("vms.holdfast"), "256M");
        server.run("import", image.toString(), "VOLUME", "/debian.img");
        server.run("create", "VOLUME", "/copy.img", "--size", "8M");
        daemon = Optional.of(Libvirtd.start(folder, places.group(), pki));
    }

    @AfterEach
    void end() throws IOException {
        if (daemon.isPresent()) {
            daemon.get().close();
        }
        if (server != null) {
            try (RealServer ending = server) {
                assertThat(ending.stop()).isZero();
                ending.assertClean();
            }
        }
    }

    private String virsh(String... words) throws IOException {
        return daemon.orElseThrow().virsh(words);
    }

    /** Runs a command of the page. */
    private String runs(String command) throws IOException {
        return daemon.orElseThrow().runs(places.in(command));
    }

    /** Starts the machine, which is another user's than the server. */
    private void startMachine() throws IOException {
        virsh("start", "debian");
        assertThat(daemon.orElseThrow().users()).containsExactly(Libvirtd.USER);
    }

    private void serve() throws IOException {
        server.start(
                "--export",
                "/debian.img,exclusive,socket=" + folder.resolve("debian.nbd"),
                "--export",
                "/copy.img,exclusive,socket=" + folder.resolve("copy.nbd"),
                "--socket-group",
                places.group(),
                "--socket-mode",
                "0660");
    }

    /** Defines the machine with a part of the page in it. */
    private void define(String devices, String rest) throws IOException {
        Files.writeString(folder.resolve("debian.xml"), """
                <domain type='qemu'>
                  <name>debian</name>
                  <memory unit='MiB'>64</memory>
                  <os><type arch='x86_64' machine='q35'>hvm</type></os>
                  <devices>
                %s
                  </devices>
                %s
                </domain>
                """.formatted(places.in(devices), places.in(rest)));
        virsh("define", folder.resolve("debian.xml").toString());
    }

    /** Has the disk do a command of qemu-io. How it went is said when the machine ends: {@link #assertNothingFailed}. */
    private void does(String device, String command) throws IOException {
        virsh(
                "qemu-monitor-command",
                "debian",
                "--hmp",
                "qemu-io -d /machine/peripheral/" + device + " \"" + command + "\"");
        asked++;
    }

    /** Ends the machine, which then writes what its disk did, and reads that. */
    private void assertNothingFailed() throws IOException {
        virsh("destroy", "debian");
        String log = daemon.orElseThrow().log("debian");
        assertThat(log).doesNotContain("failed");
        assertThat(log.split("\\bops;", -1)).hasSize(asked + 1);
    }

    private void writesThroughRestarts(String device) throws IOException {
        does(device, "write -P 1 0 64k");
        assertThat(server.stop()).isZero();
        serve();
        does(device, "write -P 2 4k 4k");
        virsh("qemu-monitor-command", "debian", "--hmp", "qemu-io -d /machine/peripheral/" + device + " flush");
        server.kill();
        serve();
        does(device, "write -P 3 8k 4k");
        does(device, "read -P 1 0 4k");
        does(device, "read -P 2 4k 4k");
        does(device, "read -P 3 8k 4k");
    }

    private boolean reconnects() throws IOException {
        return virsh("domxml-to-native", "qemu-argv", "--domain", "debian").contains("reconnect-delay");
    }

    @Test
    void aDiskOverAUnixSocketIsCopiedInAndOut() throws IOException {
        String device = "virtio-disk0/virtio-backend";
        serve();
        define(Places.block(page, "xml disk"), "");
        boolean reconnects = reconnects();
        System.out.println("libvirt " + virsh("--version").strip() + (reconnects ? " hands on" : " drops")
                + " <reconnect> of NBD");
        startMachine();
        if (reconnects) {
            writesThroughRestarts(device);
        }
        does(device, "write -P 7 0 64k");
        Files.writeString(folder.resolve("copy.xml"), places.in(Places.block(page, "xml copy")));
        String in = page.substring(page.indexOf("<!-- virsh -->"));
        runs(Places.block(in, "virsh"));
        assertThat(virsh("domblklist", "debian")).contains("copy.img");
        does(device, "write -P 8 64k 64k");
        String out = in.substring(in.indexOf("<!-- virsh -->", 1));
        runs(Places.block(out, "virsh"));
        assertThat(virsh("domblklist", "debian")).contains("out.img");
        assertNothingFailed();
        String copy = "nbd+unix:///copy.img?socket=" + folder.resolve("copy.nbd");
        for (String image : List.of(copy, folder.resolve("out.img").toString())) {
            Program.run(
                    folder, "qemu-io", "-r", "-f", "raw", "-c", "read -P 7 0 64k", "-c", "read -P 8 64k 64k", image);
        }
        assertThat(Program.run(folder, "qemu-img", "compare", "-f", "raw", "-F", "raw", copy, "out.img"))
                .contains("identical");
        // Only what was written since differs from the disk, which stayed as it was.
        String disk = "nbd+unix:///debian.img?socket=" + folder.resolve("debian.nbd");
        Program.run(folder, "qemu-io", "-r", "-f", "raw", "-c", "read -P 7 0 64k", disk);
    }

    @Test
    void aDiskOverTls() throws IOException {
        server.start(
                "--nbd",
                places.in("tcp:0.0.0.0:10809"),
                "--tls-certs",
                folder.resolve("pki").toString(),
                "--tls-verify-peer",
                "--export",
                "/debian.img,exclusive,client=client");
        define(Places.block(page, "xml tls"), "");
        startMachine();
        does("virtio-disk0/virtio-backend", "write -P 7 0 64k");
        does("virtio-disk0/virtio-backend", "read -P 7 0 64k");
        assertThat(server.run("clients", "VOLUME").toString()).contains("\"certificate\":\"client\"");
        assertNothingFailed();
    }

    @Test
    void aDiskPastLibvirtGoesThroughRestarts() throws IOException {
        serve();
        define("", Places.block(page, "xml past"));
        assertThat(reconnects()).isTrue();
        startMachine();
        writesThroughRestarts("disk/virtio-backend");
        assertNothingFailed();
    }
}
