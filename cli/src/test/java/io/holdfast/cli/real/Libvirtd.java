package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.clients.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * A libvirtd of the system, as a Debian starts it: it runs as root, and its QEMU as the user {@code libvirt-qemu}. It has namespaces
 * for mounts and processes of its own. There its folders are those of the test, and the user is made, so the machine
 * has nothing of it afterwards, and another libvirtd of the machine neither sees nor hears of it.
 */
final class Libvirtd implements AutoCloseable {
    private static final Path PROGRAM = Path.of("/usr/sbin/libvirtd");
    private static final long LOOK_NANOS = 20_000_000;
    /** As Debian's package of libvirt gives it. */
    static final int USER = 64055;

    /** The shell is the first process there, so it takes up the QEMU that nobody else waits for. */
    private static final String START = """
            mount --make-rprivate /
            mkdir -p /etc/libvirt
            mount --bind "$1/etc" /etc/libvirt
            for folder in lib log cache; do
                mount --bind "$1/$folder" "/var/$folder"
            done
            mount --bind "$1/run" /run
            mount --bind "$1/passwd" /etc/passwd
            mount --bind "$1/group" /etc/group
            "$2" &
            wait $!
            """;

    private final Path folder;
    private final Path state;
    private final Process process;

    private Libvirtd(Path folder, Path state, Process process) {
        this.folder = folder;
        this.state = state;
        this.process = process;
    }

    /** Skips the test, and says so, unless a libvirtd can be started. */
    static void need(Path folder) throws IOException {
        Program.needs("virsh", "qemu-system-x86_64", "unshare");
        if (!Files.isExecutable(PROGRAM)) {
            Program.skip(PROGRAM + " is not installed");
        }
        if (!Places.isRoot()) {
            Program.skip("only root can be other users");
        }
        if (Program.end(folder, isolated("true")).status() != 0) {
            Program.skip("no namespaces can be made here");
        }
    }

    /**
     * Starts a libvirtd with folders of its own, and waits for its socket.
     *
     * @param group the number of the group that {@code libvirt-qemu} is in besides its own
     * @param pki the certificates for NBD
     */
    static Libvirtd start(Path folder, String group, Path pki) throws IOException {
        Path state = Files.createDirectory(folder.resolve("libvirt"));
        for (String name : List.of("etc", "lib", "log", "cache", "run")) {
            Files.createDirectory(state.resolve(name));
        }
        Files.writeString(
                state.resolve("passwd"),
                Files.readString(Path.of("/etc/passwd"))
                                .lines()
                                .filter(line -> !line.startsWith("libvirt-qemu:"))
                                .reduce("", (all, line) -> all + line + "\n")
                        + "libvirt-qemu:x:" + USER + ":" + USER + "::/var/lib/libvirt:/usr/sbin/nologin\n");
        Files.writeString(
                state.resolve("group"),
                Files.readString(Path.of("/etc/group"))
                                .lines()
                                .filter(line -> !line.startsWith("libvirt-qemu:"))
                                .reduce("", (all, line) -> all + line + "\n")
                        + "libvirt-qemu:x:" + USER + ":\nholdfast-test:x:" + group + ":libvirt-qemu\n");
        Files.writeString(
                state.resolve("etc/qemu.conf"),
                "nbd_tls_x509_cert_dir = \"" + pki + "\"\nstdio_handler = \"file\"\nsecurity_driver = \"none\"\n");
        Process process = Program.builder(
                        folder, isolated("bash", "-ec", START, "libvirtd", state.toString(), PROGRAM.toString()))
                .redirectOutput(folder.resolve("libvirtd.log").toFile())
                .start();
        Libvirtd daemon = new Libvirtd(folder, state, process);
        while (!Files.exists(daemon.socket())) {
            assertThat(process.isAlive())
                    .as(Files.readString(folder.resolve("libvirtd.log")))
                    .isTrue();
            LockSupport.parkNanos(LOOK_NANOS);
        }
        return daemon;
    }

    private static String[] isolated(String... line) {
        List<String> words =
                new ArrayList<>(List.of("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"));
        words.addAll(List.of(line));
        return words.toArray(String[]::new);
    }

    private Path socket() {
        return state.resolve("run/libvirt/libvirt-sock");
    }

    private String[] here(String... line) {
        List<String> words =
                new ArrayList<>(List.of("env", "LIBVIRT_DEFAULT_URI=qemu:///system?mode=legacy&socket=" + socket()));
        words.addAll(List.of(line));
        return words.toArray(String[]::new);
    }

    /** Runs a line of the shell, in which {@code virsh} reaches this libvirtd. */
    String runs(String line) throws IOException {
        return Program.run(folder, here("sh", "-c", line));
    }

    String virsh(String... words) throws IOException {
        List<String> line = new ArrayList<>(List.of("virsh"));
        line.addAll(List.of(words));
        return Program.run(folder, here(line.toArray(String[]::new)));
    }

    /** Returns what the QEMU of a machine has printed. */
    String log(String machine) throws IOException {
        return Files.readString(state.resolve("log/libvirt/qemu/" + machine + ".log"));
    }

    /** Returns the users of the QEMUs that run, by their numbers. */
    List<Integer> users() throws IOException {
        List<Integer> users = new ArrayList<>();
        for (ProcessHandle child : process.descendants().toList()) {
            Path program = Path.of("/proc", Long.toString(child.pid()));
            if (Files.readString(program.resolve("comm")).startsWith("qemu-system")) {
                users.add((Integer) Files.getAttribute(program, "unix:uid"));
            }
        }
        return users;
    }

    /** Ends it with all its processes. */
    @Override
    public void close() {
        process.destroyForcibly();
        process.onExit().join();
    }
}
