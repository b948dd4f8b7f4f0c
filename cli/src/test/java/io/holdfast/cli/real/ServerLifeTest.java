package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.demo.RealServer;
import io.holdfast.clients.Program;
import java.io.File;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A server survives a resource limit that it hits, and signals that are not meant to end it. The server is a process of
 * its own.
 */
@Timeout(180)
class ServerLifeTest {
    private static final int MORE_THAN_GAPS = 40;
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    @TempDir
    private Path folder;

    private RealServer server;

    /**
     * Puts the classes into jars, from which the server runs in use. A class that is loaded from a folder needs a
     * descriptor for its file, so a server could not load it when none is free.
     */
    private static String jars(Path folder) throws IOException {
        List<String> path = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            Path classes = Path.of(entry);
            if (!Files.isDirectory(classes)) {
                path.add(entry);
                continue;
            }
            Path jar = folder.resolve("classes" + path.size() + ".jar");
            path.add(jar.toString());
            try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar));
                    var files = Files.walk(classes)) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    out.putNextEntry(new JarEntry(classes.relativize(file).toString()));
                    Files.copy(file, out);
                }
            }
        }
        return String.join(File.pathSeparator, path);
    }

    @BeforeEach
    void create() throws IOException {
        server = new RealServer(folder, "64M");
        server.run("create", "VOLUME", "/disk", "--size", "1M");
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private void run(String... arguments) throws IOException {
        Program.run(folder, arguments);
    }

    private void limitDescriptors(long count) throws IOException {
        run("prlimit", "--pid", Long.toString(server.pid()), "--nofile=" + count + ":");
    }

    /** Limits the server's descriptors to numbers below one that it uses, and uses up the free ones with clients. */
    private void useUpDescriptors(List<SocketChannel> clients) throws IOException {
        long highest;
        try (var open = Files.list(Path.of("/proc", Long.toString(server.pid()), "fd"))) {
            highest = open.mapToLong(fd -> Long.parseLong(fd.getFileName().toString()))
                    .max()
                    .orElseThrow();
        }
        limitDescriptors(highest + 1);
        for (int i = 0; i < MORE_THAN_GAPS; i++) {
            clients.add(connect(server.socket()));
        }
        awaitInLog(server.socket() + ": no connection can be taken now");
    }

    private void awaitInLog(String text) throws IOException {
        while (!server.log().contains(text)) {
            LockSupport.parkNanos(POLL_NANOS);
        }
    }

    private static long count(String text, String part) {
        return text.lines().filter(line -> line.contains(part)).count();
    }

    private SocketChannel connect(Path socket) throws IOException {
        return SocketChannel.open(UnixDomainSocketAddress.of(socket));
    }

    /** Reads the greeting, which shows that the connection is served. */
    private static void assertGreeted(SocketChannel client) throws IOException {
        ByteBuffer greeting = ByteBuffer.allocate(18);
        while (greeting.hasRemaining()) {
            assertThat(client.read(greeting))
                    .as("the server closed the connection")
                    .isPositive();
        }
        assertThat(greeting.getLong(0)).isEqualTo(0x4e42444d41474943L);
    }

    /** No client came before, so the server loads the classes for serving only after the descriptors are used up. */
    @Test
    void descriptorsThatWereUsedUpAreNoEnd() throws IOException {
        Program.needs("prlimit");
        server.startFrom(jars(folder));
        Path control = Path.of(server.volume() + ".sock");
        List<SocketChannel> clients = new ArrayList<>();
        try {
            useUpDescriptors(clients);
            for (int i = 0; i < 5; i++) {
                connect(control).close();
            }
            awaitInLog(control + ": no connection can be taken now");
            limitDescriptors(1024);
            for (SocketChannel client : clients) {
                assertGreeted(client);
            }
            awaitInLog(control + ": connections are taken again");
            server.run("df", "VOLUME");
            server.run("ls", "VOLUME", "/");
        } finally {
            for (SocketChannel client : clients) {
                client.close();
            }
        }
        assertThat(count(server.log(), "no connection can be taken now"))
                .as(server.log())
                .isEqualTo(2);
        assertThat(server.log()).doesNotContain("\tat ", "NoClassDefFound");
        assertThat(server.stop()).as(server.log()).isZero();
        server.assertClean();
    }

    /** The server also stops in order when no descriptor is free. */
    @Test
    void itStopsWithoutADescriptor() throws IOException {
        Program.needs("prlimit");
        server.startFrom(jars(folder));
        List<SocketChannel> clients = new ArrayList<>();
        try {
            useUpDescriptors(clients);
            assertThat(server.stop()).as(server.log()).isZero();
        } finally {
            for (SocketChannel client : clients) {
                client.close();
            }
        }
        server.assertClean();
    }

    /** Returns whether the server handles SIGHUP: not if it was ignored from the start, as under nohup. */
    private boolean handlesHangUp() throws IOException {
        String mask = Files.readString(Path.of("/proc", Long.toString(server.pid()), "status"))
                .lines()
                .filter(line -> line.startsWith("SigIgn:"))
                .findFirst()
                .orElseThrow();
        return (Long.parseUnsignedLong(mask.substring(7).strip(), 16) & 1) == 0;
    }

    @Test
    void otherSignalsEndNothing() throws IOException {
        server.start();
        for (String signal : List.of("USR1", "USR2", "ALRM", "VTALRM", "PROF", "IO", "PWR", "QUIT", "HUP")) {
            run("kill", "-" + signal, Long.toString(server.pid()));
        }
        if (handlesHangUp()) {
            awaitInLog("SIGHUP: nothing to do");
        }
        try (SocketChannel client = connect(server.socket())) {
            assertGreeted(client);
        }
        server.run("df", "VOLUME");
        assertThat(server.stop()).isZero();
        server.assertClean();
    }

    /** Needs a pids controller in a hierarchy that this user may write to. */
    @Test
    void threadsThatWereUsedUpAreNoEnd() throws IOException {
        Path group = pidsGroup();
        try {
            server.startFrom(jars(folder));
            Files.writeString(group.resolve("cgroup.procs"), Long.toString(server.pid()));
            String now = Files.readString(group.resolve("pids.current")).strip();
            Files.writeString(group.resolve("pids.max"), now);
            List<SocketChannel> clients = new ArrayList<>();
            try {
                for (int i = 0; i < 3; i++) {
                    clients.add(connect(server.socket()));
                }
                awaitInLog(server.socket() + ": no connection can be taken now");
                Files.writeString(group.resolve("pids.max"), "max");
                for (SocketChannel client : clients) {
                    assertGreeted(client);
                }
            } finally {
                for (SocketChannel client : clients) {
                    client.close();
                }
            }
            server.run("df", "VOLUME");
            assertThat(server.stop()).as(server.log()).isZero();
        } finally {
            server.close();
            Files.deleteIfExists(group);
        }
        server.assertClean();
    }

    private static Path pidsGroup() {
        for (String place : List.of("/sys/fs/cgroup/pids", "/sys/fs/cgroup", "/sys/fs/cgroup/unified")) {
            Path group =
                    Path.of(place, "holdfast-test-" + ProcessHandle.current().pid());
            try {
                Files.createDirectory(group);
                if (Files.exists(group.resolve("pids.max"))) {
                    return group;
                }
                Files.delete(group);
            } catch (IOException e) {
                // This hierarchy has none; try the next.
            }
        }
        System.out.println("skipped: no pids controller that may be used");
        Assumptions.abort("no pids controller that may be used");
        throw new AssertionError();
    }
}
