package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.check.VolumeFileDamage;
import io.holdfast.cli.Main;
import io.holdfast.cli.demo.RealServer;
import io.holdfast.clients.Program;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A served volume is repaired. Its clients are QEMU's, which connect again by themselves and notice nothing else. */
@Tag("slow")
@Timeout(300)
class ServedRepairTest {
    private static final int LEAKED = 40;

    @TempDir
    private Path folder;

    private RealServer server;
    private final List<ReconnectingClient> clients = new ArrayList<>();

    @BeforeEach
    void make() throws IOException {
        Program.needs("qemu-io", "stdbuf");
        server = new RealServer(folder, "128M");
        for (String path : List.of("/one", "/two", "/named")) {
            server.run("create", "VOLUME", path, "--size", "8M");
        }
        VolumeFileDamage.of(server.volume()).removeEntry(1, "named");
        VolumeFileDamage.of(server.volume()).leak(LEAKED);
    }

    @AfterEach
    void stop() {
        clients.forEach(ReconnectingClient::close);
        server.close();
    }

    private ReconnectingClient client(String export) throws IOException {
        ReconnectingClient client = new ReconnectingClient(folder, server.socket(), export);
        clients.add(client);
        return client;
    }

    private Program.Result check(String... options) throws IOException {
        List<String> line = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "check",
                server.volume().toString()));
        line.addAll(List.of(options));
        return Program.end(folder, line.toArray(String[]::new));
    }

    /** Writes, flushes and reads back until it is told to stop. */
    private static final class Guest {
        private final Thread thread;
        private final AtomicBoolean stop = new AtomicBoolean();
        private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        private volatile int rounds;

        Guest(ReconnectingClient client) {
            thread = Thread.ofPlatform().start(() -> {
                try {
                    for (int i = 1; !stop.get(); i++) {
                        int pattern = 1 + i % 200;
                        client.runs("write -P " + pattern + " " + i % 7 + "M 256k");
                        client.runs(i % 3 == 0 ? "flush" : "write -P " + pattern + " 7M 64k");
                        client.runs("read -P " + pattern + " " + i % 7 + "M 256k");
                        rounds = i;
                    }
                } catch (IOException | AssertionError e) {
                    failure.set(e);
                }
            });
        }

        void awaitRounds(int more) {
            int until = rounds + more;
            while (rounds < until && thread.isAlive()) {
                Thread.onSpinWait();
            }
        }

        void end() throws InterruptedException {
            stop.set(true);
            thread.join();
            assertThat(failure.get()).isNull();
        }
    }

    @Test
    void guestsThatWriteNoticeNothing() throws Exception {
        server.start();
        ReconnectingClient idle = client("one");
        idle.runs("write -P 9 0 1M");
        Guest guest = new Guest(client("two"));
        guest.awaitRounds(3);
        Program.Result dry = check("--repair", "--dry-run");
        assertThat(dry.status()).as(dry.toString()).isEqualTo(1);
        assertThat(dry.output())
                .contains("come free", "has no name, and is named /lost+found", "nothing was changed")
                .doesNotContain("clients wait");
        guest.awaitRounds(3);
        Program.Result repair = check("--repair", "--yes");
        assertThat(repair.status()).as(repair.toString()).isZero();
        assertThat(repair.output())
                .containsSubsequence(
                        "DAMAGED",
                        "the volume is being served: for the repair its clients wait, for about ",
                        "repaired; clients go on",
                        "clean");
        guest.awaitRounds(3);
        guest.end();
        // Not flushed before the repair, and there all the same.
        idle.runs("read -P 9 0 1M");
        idle.runs("flush");
        idle.runs("write -f -P 10 1M 1M");
        assertThat(server.list("/lost+found")).hasSize(1);
        server.awaitLog("the volume was repaired, and clients go on, after .*; repairs made: ");
        server.assertClean();
        assertThat(server.stop()).isZero();
        server.assertClean();
    }

    @Test
    void thereIsNothingToUndo() throws Exception {
        server.start();
        assertThat(check("--repair", "--yes").status()).isZero();
        Program.Result undo = check("--undo-repair");
        assertThat(undo.status()).isEqualTo(5);
        assertThat(undo.output()).contains("it is too late to undo a repair: a server has the volume open");
    }

    @Test
    void aServerThatIsReadOnlyRepairsNothing() throws Exception {
        server.start("--read-only");
        Program.Result repair = check("--repair", "--yes");
        assertThat(repair.fails().output()).contains("read-only");
        assertThat(check("--undo-repair").fails().output()).contains("is being served read-only");
    }

    @Test
    void aSecondRepairHasNothingToDo() throws Exception {
        server.start();
        assertThat(check("--repair", "--yes").status()).isZero();
        Program.Result again = check("--repair", "--yes");
        assertThat(again.succeeds().output()).contains("there is nothing to repair");
    }
}
