package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.clients.Program;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs the commands of docs/RECIPES.md as they stand there, but for places, the group, and the port. QEMU's command lines
 * start a real QEMU, whose disk is written while the server is stopped, killed and started again: it gets no error.
 */
@Tag("slow")
@Timeout(300)
class RecipesPageTest {
    static final Path PAGE = Path.of("..", "docs", "RECIPES.md");

    /** So many writes are under way when the server goes. */
    private static final int WRITES = 300;

    private static final int WRITES_BEFORE = 50;
    private static final int BLOCKS = 2048;

    @TempDir
    private Path folder;

    private Places places;
    private PageCommands page;
    private String command = "";
    private Optional<Process> server = Optional.empty();
    private Optional<Machine> guest = Optional.empty();
    private int machines;

    @BeforeEach
    void make() throws IOException {
        Program.needs("qemu-system-x86_64", "qemu-img", "qemu-io", "stdbuf", "openssl");
        byte[] disk = new byte[BLOCKS * 4096];
        new Random(1).nextBytes(disk);
        Files.write(folder.resolve("debian.img"), disk);
        Certificates.make(folder);
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            places = new Places(folder, free.getLocalPort());
        }
        page = new PageCommands(
                folder, line -> line.endsWith(" ID") ? line.replace(" ID", " " + client()) : places.in(line));
    }

    @AfterEach
    void end() {
        guest.ifPresent(Machine::close);
        server.ifPresent(process -> {
            process.destroyForcibly();
            process.onExit().join();
        });
    }

    @Test
    void theCommandsDoWhatThePageSays() throws IOException {
        page.read(PAGE, this::happens);
        assertThat(page.commands()).isGreaterThan(10);
        assertThat(machines).isEqualTo(3);
    }

    private void happens(String[] words) throws IOException {
        switch (words[0]) {
            case "serve" -> {
                stop();
                command = String.join("\n", page.block());
                serve();
            }
            case "stop" -> stop();
            case "machine" -> machine(words[1], String.join("\n", page.block()));
            case "guest" -> guest = Optional.of(qemu(firstMachine()));
            case "monitor" -> resizeGuest(String.join("", page.block()));
            case "no" -> {
                guest.orElseThrow().close();
                guest = Optional.empty();
            }
            case "copied" -> copiedAtOneInstant();
            case "xml", "virsh" -> page.block(); // LibvirtTest
            default -> throw new AssertionError(String.join(" ", words));
        }
    }

    private static String firstMachine() throws IOException {
        return Places.block(Files.readString(PAGE), "machine disk/virtio-backend");
    }

    private Machine qemu(String line) throws IOException {
        return new Machine(folder, "bash", "-c", "exec " + Machine.UNBUFFERED + places.in(line) + Machine.DRIVEN);
    }

    /** Starts the command of the last {@code serve} block; returns once clients can connect. */
    private void serve() throws IOException {
        Process process = page.builder("exec " + command)
                .redirectErrorStream(false)
                .redirectError(
                        ProcessBuilder.Redirect.appendTo(folder.resolve("log").toFile()))
                .start();
        server = Optional.of(process);
        BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
        String line = out.readLine();
        while (line != null && !line.startsWith("ready")) {
            line = out.readLine();
        }
        assertThat(line).as(Files.readString(folder.resolve("log"))).isNotNull();
    }

    private void stop() throws IOException {
        if (server.isPresent()) {
            // Not the process's own destroy(), which closes its pipes.
            server.get().toHandle().destroy();
            assertThat(server.get().onExit().join().exitValue())
                    .as(Files.readString(folder.resolve("log")))
                    .isZero();
            server = Optional.empty();
        }
    }

    private void kill() {
        server.orElseThrow().destroyForcibly();
        server.orElseThrow().onExit().join();
        server = Optional.empty();
    }

    /** Starts the machine of a command line; has its disk write while the server stops, and is killed. */
    private void machine(String device, String line) throws IOException {
        assertThat(line).contains("reconnect-delay=");
        machines++;
        try (Machine machine = qemu(line)) {
            writeWhile(machine, device, 10 * machines, this::stop);
            writeWhile(machine, device, 10 * machines + 1, this::kill);
        }
        // What the page says of QEMU's default.
        try (Machine fragile = qemu(line.replace(",reconnect-delay=60", ""))) {
            fragile.does(device, "write -P 1 0 4k");
            kill();
            assertThat(fragile.execute(Machine.disk(device, "write -P 1 0 4k"))).contains("write failed");
            serve();
        }
    }

    private interface Ending {
        void run() throws IOException;
    }

    /** Writes every block with a pattern, ends the server meanwhile, starts it again, and reads. */
    private void writeWhile(Machine machine, String device, int pattern, Ending ending) throws IOException {
        for (int i = 0; i < WRITES; i++) {
            machine.send(Machine.disk(device, "write -P " + pattern + " " + i * 4 + "k 4k"));
        }
        for (int i = 0; i < WRITES_BEFORE; i++) {
            Machine.assertDone(machine.await("\"return\"", "\"error\""));
        }
        ending.run();
        serve();
        for (int i = WRITES_BEFORE; i < WRITES; i++) {
            Machine.assertDone(machine.await("\"return\"", "\"error\""));
        }
        machine.does(device, "flush");
        // A killed server may have lost what was not flushed, and nothing of what was asked for after that.
        machine.does(device, "write -P " + pattern + " 0 1200k");
        machine.does(device, "flush");
        machine.does(device, "read -P " + pattern + " 0 1200k");
    }

    /** Returns the number of the first client. */
    private String client() {
        try {
            Matcher id = Pattern.compile("\"id\":(\\d+)")
                    .matcher(Program.run(folder, "bin/holdfast", "clients", "--json", "vms.holdfast"));
            assertThat(id.find()).isTrue();
            return id.group(1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Tells QEMU of the new size: it knows that only after it has connected again, which a request makes it do. */
    private void resizeGuest(String request) throws IOException {
        Machine machine = guest.orElseThrow();
        machine.does("disk/virtio-backend", "read 0 4k");
        assertThat(machine.execute(request)).contains("{\"return\": {}}");
        machine.does("disk/virtio-backend", "write -P 5 15M 64k");
        machine.does("disk/virtio-backend", "flush");
    }

    /** What the page says of a copy that was made at one instant, while the volume was served and written. */
    private void copiedAtOneInstant() throws IOException {
        String copied = "nbd+unix:///debian.img?socket=/run/holdfast/moved.nbd";
        page.run("qemu-io -f raw -c 'write -P 66 0 1M' -c flush -c 'write -P 67 1M 64k' '" + copied + "'");
        long pid = server.orElseThrow().pid();
        page.run("kill -STOP " + pid + "; cp --sparse=always moved.holdfast instant.holdfast; kill -CONT " + pid);
        // The two are on one host with one UUID, and each has its own server.
        String first = page.run("holdfast info --json moved.holdfast");
        String second = page.run("holdfast info --json instant.holdfast");
        assertThat(first).contains("\"served\":true");
        assertThat(second).contains("\"served\":false", "\"recovery_pending\":true");
        Matcher uuid = Pattern.compile("\"uuid\":\"[^\"]+\"").matcher(first);
        assertThat(uuid.find()).isTrue();
        assertThat(second).contains(uuid.group());
        page.run("holdfast export instant.holdfast /debian.img instant.img");
        page.run("qemu-io -r -f raw -c 'read -P 66 0 1M' instant.img | grep -v failed");
        assertThat(page.run("holdfast check instant.holdfast")).contains("clean");
        assertThat(page.run("holdfast check moved.holdfast")).contains("clean");
    }
}
