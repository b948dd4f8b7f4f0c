package io.holdfast.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.Engine;
import io.holdfast.cli.access.VolumeAccess;
import io.holdfast.cli.real.ScriptTree;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A server whose heap is full ends at once, while clients write and flush, and loses nothing that was flushed. No client can
 * fill the heap of a server as the script {@code holdfast} starts it; so this one gets less than it needs, and many clients that send
 * it much at once, until it is gone.
 */
@Timeout(300)
class HeapFullTest {
    private static final int BLOCKS = 4096;
    private static final int WRITERS = 4;
    private static final int CONTROLS = 30;
    private static final int ROUNDS = 2;
    private static final String DISK = "/disk";
    private static final int EXIT_STATUS = 3;

    @TempDir
    private Path folder;

    private final Ledger ledger = new Ledger(BLOCKS);
    private RealServer server;

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void whatWasFlushedIsThere() throws Exception {
        server = new RealServer(folder, "1G");
        server.run("create", "VOLUME", DISK, "--size", Long.toString((long) BLOCKS * Pattern.BLOCK_BYTES));
        List<String> flags;
        try (ScriptTree script = new ScriptTree(Files.createDirectory(folder.resolve("script")))) {
            flags = Stream.concat(
                            script.flags("serve", "v", "--memory", "32M").stream(),
                            Stream.of("-Xms14m", "-Xmn4m", "-Xmx14m"))
                    .toList();
        }
        for (int round = 0; round < ROUNDS; round++) {
            server.startWith(flags, "--memory", "32M");
            fillTheHeap(round);
            assertThat(server.log()).contains("Terminating due to java.lang.OutOfMemoryError");
            server.start();
            assertThat(DiskVerdict.read(server.socket(), DISK, ledger))
                    .extracting(DiskVerdict::blocks, DiskVerdict::flushedLost, DiskVerdict::torn)
                    .containsExactly((long) BLOCKS, 0L, 0L);
            server.assertClean();
            assertThat(server.stop()).isZero();
        }
        assertThat(ledger.flushes()).isGreaterThan(ROUNDS);
    }

    private void fillTheHeap(int round) throws Exception {
        int part = BLOCKS / WRITERS;
        List<NbdWriter> writers = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < WRITERS; i++) {
            NbdWriter writer = new NbdWriter(server.socket(), DISK, ledger, i * part, part, round * 100L + i);
            writers.add(writer);
            threads.add(Thread.ofPlatform().name("writer-" + i).start(writer));
        }
        try {
            long flushes = ledger.flushes() + WRITERS;
            while (ledger.flushes() < flushes) {
                Thread.onSpinWait();
            }
            makeFilesUntilItEnds("/" + round + "-");
            assertThat(server.awaitEnd()).as(server.log()).isEqualTo(EXIT_STATUS);
        } finally {
            writers.forEach(NbdWriter::stop);
            for (Thread thread : threads) {
                thread.join();
            }
        }
    }

    /** Each connection makes the server receive much at once. */
    private void makeFilesUntilItEnds(String prefix) throws IOException, InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < CONTROLS; i++) {
            String path = prefix + i;
            threads.add(Thread.ofPlatform().start(() -> fill(path)));
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private void fill(String path) {
        MemorySegment data = MemorySegment.ofArray(new byte[1 << 20]);
        try (Volume control =
                new VolumeAccess(Engine.HOLDFAST, Cancellation.none()).open(server.volume(), OpenOptions.readWrite())) {
            for (int i = 0; ; i++) {
                String name = path + "-" + i;
                try (StoredFile file = control.create(name, CreateOptions.file())) {
                    file.write(0, data);
                }
                control.setXattr(name, "user.filler", new byte[1000]);
                control.remove(name);
            }
        } catch (IOException serverIsGone) {
            // It has ended, as it should.
        }
    }
}
