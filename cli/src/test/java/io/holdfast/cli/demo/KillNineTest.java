package io.holdfast.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * SIGKILL of the server at random instants, over and over on one volume, while several connections write and flush.
 * After each kill every block of the disk is read: it holds what a flush promised or something newer that was sent.
 *
 * <p>{@code -Dholdfast.kill.rounds=N} sets the number of kills, {@code -Dholdfast.kill.seed=N} chooses the instants.
 * The instants depend on the machine too, so a seed does not repeat a run exactly.
 */
@Tag("slow")
@Timeout(900)
class KillNineTest {
    private static final int ROUNDS = Integer.getInteger("holdfast.kill.rounds", 50);
    private static final int BLOCKS = 8192;
    private static final int CONNECTIONS = 8;
    private static final String DISK = "/disk";
    private static final int FLUSHES_MAX = 60;
    private static final long DELAY_NANOS_MAX = TimeUnit.MILLISECONDS.toNanos(4);
    private static final long START_NANOS_MAX = TimeUnit.MILLISECONDS.toNanos(900);

    @TempDir
    private Path folder;

    private final Ledger ledger = new Ledger(BLOCKS);
    private final long seed = Long.getLong("holdfast.kill.seed", System.nanoTime());
    private final Random random = new Random(seed);
    private RealServer server;

    /** The volume is small for the amount of writing, so that space is reused again and again. */
    @BeforeEach
    void start() throws IOException {
        server = new RealServer(folder, "128M");
        server.run("create", "VOLUME", DISK, "--size", Long.toString((long) BLOCKS * Pattern.BLOCK_BYTES));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void nothingFlushedIsLost() throws IOException, InterruptedException {
        long start = System.nanoTime();
        int killsWhileStarting = 0;
        long replayed = 0;
        long older = 0;
        for (int round = 1; round <= ROUNDS; round++) {
            if (random.nextInt(4) == 0) {
                server.begin();
                LockSupport.parkNanos(random.nextLong(START_NANOS_MAX));
                server.kill();
                killsWhileStarting++;
            }
            replayed += server.start().path("records").asLong();
            older += verify(round);
            writeAndKill(round);
        }
        replayed += server.start().path("records").asLong();
        older += verify(ROUNDS + 1);
        server.assertClean();
        assertThat(server.stop()).isZero();
        server.assertClean();
        System.out.printf(
                "%d kills of a writing server, %d of a starting one: %d blocks and %d flushes acknowledged, %d log"
                        + " records replayed, %d blocks went back to an older version that no flush covered, 0 lost"
                        + " (%.0f s)%n",
                ROUNDS,
                killsWhileStarting,
                ledger.writes(),
                ledger.flushes(),
                replayed,
                older,
                (System.nanoTime() - start) / 1e9);
    }

    /** Compares every block and returns how many went back to a version that no flush covered. */
    private long verify(int round) throws IOException {
        DiskVerdict verdict = DiskVerdict.read(server.socket(), DISK, ledger);
        assertThat(verdict)
                .as("before round %d with seed %d", round, seed)
                .extracting(DiskVerdict::blocks, DiskVerdict::flushedLost, DiskVerdict::torn)
                .containsExactly((long) BLOCKS, 0L, 0L);
        return verdict.unflushedLost();
    }

    private void writeAndKill(int round) throws IOException, InterruptedException {
        int part = BLOCKS / CONNECTIONS;
        long flushes = ledger.flushes() + random.nextInt(FLUSHES_MAX);
        List<NbdWriter> writers = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < CONNECTIONS; i++) {
            NbdWriter writer = new NbdWriter(server.socket(), DISK, ledger, i * part, part, seed + round * 100L + i);
            writers.add(writer);
            threads.add(Thread.ofPlatform().name("writer-" + i).start(writer));
        }
        try {
            while (ledger.flushes() < flushes && threads.stream().anyMatch(Thread::isAlive)) {
                LockSupport.parkNanos(100_000);
            }
            LockSupport.parkNanos(random.nextLong(DELAY_NANOS_MAX));
            server.kill();
        } finally {
            writers.forEach(NbdWriter::stop);
            for (Thread thread : threads) {
                thread.join();
            }
        }
        assertThat(ledger.flushes())
                .as("flushes before the kill of round %d", round)
                .isGreaterThanOrEqualTo(flushes);
    }
}
