package io.holdfast.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * SIGKILL while a volume grows, over and over on one volume: of the server, under clients that write and flush, and of
 * the command where nothing serves the volume. The volume has its old size or the new one, and nothing is lost.
 *
 * <p>{@code -Dholdfast.grow.rounds=N} sets the number of kills, {@code -Dholdfast.kill.seed=N} chooses the instants.
 */
@Timeout(600)
class GrowKillTest {
    private static final int ROUNDS = Integer.getInteger("holdfast.grow.rounds", 6);
    private static final int BLOCKS = 2048;
    private static final int CONNECTIONS = 4;
    private static final String DISK = "/disk";
    private static final long START = 20 << 20;
    private static final long MAX = 3L << 40;
    private static final long DELAY_NANOS_MAX = TimeUnit.MILLISECONDS.toNanos(400);
    private static final long START_NANOS_MAX = TimeUnit.MILLISECONDS.toNanos(1000);

    @TempDir
    private Path folder;

    private final Ledger ledger = new Ledger(BLOCKS);
    private final long seed = Long.getLong("holdfast.kill.seed", System.nanoTime());
    private final Random random = new Random(seed);
    private RealServer server;

    @BeforeEach
    void start() throws IOException {
        server = new RealServer(folder, Long.toString(START));
        server.run("create", "VOLUME", DISK, "--size", Long.toString((long) BLOCKS * Pattern.BLOCK_BYTES));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private long size() throws IOException {
        return server.run("info", "VOLUME").path("size_bytes").asLong();
    }

    /** Returns a size that is larger, with a last group of any length. */
    private long larger(long size) {
        return Math.min(MAX, size + (1 + random.nextLong(Math.max(1 << 20, size) / 4096)) * 4096);
    }

    @Test
    void aServerThatIsKilledWhileItsVolumeGrows() throws IOException, InterruptedException {
        long size = START;
        int grown = 0;
        for (int round = 1; round <= ROUNDS; round++) {
            server.start();
            verify(round);
            long wanted = larger(size);
            boolean answered = growAndKill(wanted, round);
            long now = size();
            assertThat(now).as("size after round %d, seed %d", round, seed).isIn(size, wanted);
            assertThat(now == wanted || !answered)
                    .as("what was answered stays; round %d, seed %d", round, seed)
                    .isTrue();
            server.assertClean();
            grown += now == wanted ? 1 : 0;
            size = now;
        }
        server.start();
        verify(ROUNDS + 1);
        server.run("grow", "VOLUME", "--size", Long.toString(larger(size)));
        server.assertClean();
        assertThat(server.stop()).isZero();
        server.assertClean();
        System.out.printf(
                "%d kills of a server whose volume grows: it had the new size after %d, %d flushes, 0 blocks lost%n",
                ROUNDS, grown, ledger.flushes());
    }

    private void verify(int round) throws IOException {
        DiskVerdict verdict = DiskVerdict.read(server.socket(), DISK, ledger);
        assertThat(verdict)
                .as("before round %d with seed %d", round, seed)
                .extracting(DiskVerdict::blocks, DiskVerdict::flushedLost, DiskVerdict::torn)
                .containsExactly((long) BLOCKS, 0L, 0L);
    }

    /** Starts the clients; returns when they have made some flushes. */
    private void write(int round, List<NbdWriter> writers, List<Thread> threads) {
        int part = BLOCKS / CONNECTIONS;
        for (int i = 0; i < CONNECTIONS; i++) {
            NbdWriter writer = new NbdWriter(server.socket(), DISK, ledger, i * part, part, seed + round * 100L + i);
            writers.add(writer);
            threads.add(Thread.ofPlatform().name("writer-" + i).start(writer));
        }
        awaitFlushes(threads);
    }

    private void awaitFlushes(List<Thread> threads) {
        long flushes = ledger.flushes() + 20;
        while (ledger.flushes() < flushes && threads.stream().allMatch(Thread::isAlive)) {
            LockSupport.parkNanos(100_000);
        }
        assertThat(ledger.flushes()).isGreaterThanOrEqualTo(flushes);
    }

    @Test
    void clientsNoticeNothing() throws IOException, InterruptedException {
        server.start();
        List<NbdWriter> writers = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        try {
            write(0, writers, threads);
            for (long size = larger(START); size < 4L << 30; size = larger(size)) {
                server.run("grow", "VOLUME", "--size", Long.toString(size));
                assertThat(size()).isEqualTo(size);
                awaitFlushes(threads);
            }
            assertThat(threads).allMatch(Thread::isAlive);
        } finally {
            writers.forEach(NbdWriter::stop);
            for (Thread thread : threads) {
                thread.join();
            }
        }
        verify(1);
        server.assertClean();
        assertThat(server.stop()).isZero();
    }

    /** Returns whether the command had its answer before the kill. */
    private boolean growAndKill(long wanted, int round) throws IOException, InterruptedException {
        List<NbdWriter> writers = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        AtomicBoolean answered = new AtomicBoolean();
        try {
            write(round, writers, threads);
            Thread grower = Thread.ofPlatform().name("grower").start(() -> {
                try {
                    server.run("grow", "VOLUME", "--size", Long.toString(wanted));
                    answered.set(true);
                } catch (IOException serverKilled) {
                    // It has grown, or it has not.
                }
            });
            threads.add(grower);
            LockSupport.parkNanos(random.nextLong(DELAY_NANOS_MAX));
            boolean before = answered.get();
            server.kill();
            // An answer that comes later may be that of a command that found no server and opened the volume itself.
            grower.join();
            return before || answered.get();
        } finally {
            writers.forEach(NbdWriter::stop);
            for (Thread thread : threads) {
                thread.join();
            }
        }
    }

    @Test
    void aCommandThatIsKilled() throws IOException {
        server.run("import", "/etc/passwd", "VOLUME", "/p");
        long size = START;
        int grown = 0;
        for (int round = 1; round <= ROUNDS; round++) {
            long wanted = larger(size);
            String[] line = {"grow", server.volume().toString(), "--size", Long.toString(wanted)};
            try (Child command = Child.start(folder, line)) {
                LockSupport.parkNanos(random.nextLong(START_NANOS_MAX));
                command.kill();
            }
            long now = size();
            assertThat(now).as("size after round %d, seed %d", round, seed).isIn(size, wanted);
            server.assertClean();
            grown += now == wanted ? 1 : 0;
            size = now;
        }
        Path copy = folder.resolve("copy");
        server.run("export", "VOLUME", "/p", copy.toString());
        assertThat(copy).hasSameBinaryContentAs(Path.of("/etc/passwd"));
        assertThat(Files.size(server.volume())).isGreaterThanOrEqualTo(size);
        System.out.printf("%d kills of a command: the volume had the new size after %d%n", ROUNDS, grown);
    }
}
