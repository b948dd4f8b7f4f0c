package io.holdfast.cli.demo;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.host.Tools;
import io.holdfast.cli.text.Sizes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * The demonstration, part by part.
 *
 * <p>Invariant: at most one child process has the volume, and none is left when this is closed.
 */
final class DemoRun implements AutoCloseable {
    private static final String IMAGE = "/images/machine.ext4";
    private static final String DISK = "/disk.img";
    private static final int DISK_BLOCKS = 32_768;
    private static final int CONNECTIONS = 8;

    private final CliContext context;
    private final DemoReport report;
    private final InProcess holdfast;
    private final Path folder;
    private final Path volume;
    private final Path socket;
    private final Ledger ledger = new Ledger(DISK_BLOCKS);
    private Optional<Child> child = Optional.empty();

    DemoRun(CliContext context, Path folder, DemoReport report) {
        this.context = context;
        this.report = report;
        this.holdfast = new InProcess(context);
        this.folder = folder;
        this.volume = folder.resolve("demo.holdfast");
        this.socket = folder.resolve("nbd");
    }

    void all(int rounds, int seconds) throws IOException {
        Path image = folder.resolve("image");
        prepare(image);
        for (int round = 1; round <= rounds; round++) {
            killServer(round, seconds);
        }
        killScribblers(seconds);
        serveAndStop();
        compare(image);
    }

    private void prepare(Path image) throws IOException {
        report.part("A volume with a disk image");
        holdfast.run("format", volume.toString(), "--size", "1G");
        String what = DemoImage.make(image, folder);
        holdfast.run("mkdir", volume.toString(), "/images");
        JsonNode imported = holdfast.run("import", image.toString(), volume.toString(), IMAGE);
        report.step("formatted 1 GiB and imported " + what + ": "
                + Sizes.show(imported.path("size_bytes").asLong()) + ", "
                + Sizes.show(imported.path("written_bytes").asLong()) + " of it data");
        holdfast.run(
                "create", volume.toString(), DISK, "--size", Long.toString((long) DISK_BLOCKS * Pattern.BLOCK_BYTES));
    }

    private void killServer(int round, int seconds) throws IOException {
        report.part("Kill " + round + ": " + CONNECTIONS + " NBD connections write, then kill -9");
        if (child.isEmpty()) {
            serve();
        }
        long writes = ledger.writes();
        long flushes = ledger.flushes();
        write(round, seconds);
        report.step((ledger.writes() - writes) + " blocks acknowledged, " + (ledger.flushes() - flushes)
                + " flushes acknowledged, " + ledger.durableBlocks() + " blocks must not be lost");
        verifyDisk(serve());
    }

    /** Lets the writers write for a while, then kills the server under them. */
    private void write(int round, int seconds) throws IOException {
        int part = DISK_BLOCKS / CONNECTIONS;
        List<NbdWriter> writers = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < CONNECTIONS; i++) {
            NbdWriter writer = new NbdWriter(socket, DISK, ledger, i * part, part, round * 100L + i);
            writers.add(writer);
            threads.add(Thread.ofPlatform().name("demo-writer-" + i).start(writer));
        }
        try {
            pause(Duration.ofSeconds(seconds));
            child.orElseThrow().kill();
        } finally {
            writers.forEach(NbdWriter::stop);
            join(threads);
        }
    }

    private void verifyDisk(JsonNode opened) throws IOException {
        report.step("recovery: " + opened.path("records").asLong() + " log records with "
                + opened.path("blocks").asLong() + " blocks in "
                + opened.path("millis").asDouble() + " ms");
        DiskVerdict verdict = DiskVerdict.read(socket, DISK, ledger);
        report.prove(
                verdict.flushedLost() == 0 && verdict.torn() == 0,
                verdict.blocks() + " blocks read back: " + verdict.flushedLost() + " flushed writes lost, "
                        + verdict.torn() + " torn blocks (" + verdict.unflushedLost()
                        + " went back to an older version that no flush covered, as is allowed)");
    }

    private void killScribblers(int seconds) throws IOException {
        report.part("8 writers whose buffers change while they are being written, then kill -9");
        child.orElseThrow().terminate();
        Child scribble = start("scribble", volume.toString(), "--seconds", Integer.toString(seconds));
        JsonNode written = scribble.await("written");
        JsonNode readBack = scribble.await("read_back");
        long mismatches = readBack.path("mismatches").asLong();
        report.step(written.path("writes").asLong() + " writes of 64 KiB, buffered and direct; in "
                + written.path("changed").asLong() + " of them the buffer changed meanwhile");
        report.prove(mismatches == 0, "read back: " + mismatches + " checksum mismatches");
        scribble.await("writing_on");
        pause(Duration.ofSeconds(1));
        scribble.kill();
    }

    private void serveAndStop() throws IOException {
        report.part("Check while it is served, and stop");
        JsonNode opened = serve();
        report.step("recovery: " + opened.path("records").asLong() + " log records in "
                + opened.path("millis").asDouble() + " ms");
        JsonNode check = holdfast.run("check", volume.toString());
        report.prove(
                check.path("clean").asBoolean(),
                "check through the server: " + check.path("blocks_verified").asLong() + " data and "
                        + check.path("metadata_blocks").asLong() + " metadata blocks verified, no damage");
        long start = System.nanoTime();
        int status = child.orElseThrow().terminate();
        report.prove(
                status == 0,
                "SIGTERM: stopped with status " + status + " in "
                        + Duration.ofNanos(System.nanoTime() - start).toMillis() + " ms");
        JsonNode again = holdfast.run("check", volume.toString());
        report.prove(again.path("clean").asBoolean(), "check of the closed volume: no damage");
    }

    private void compare(Path image) throws IOException {
        Path copy = folder.resolve("copy");
        holdfast.run("export", volume.toString(), IMAGE, copy.toString());
        report.prove(Files.mismatch(image, copy) < 0, "the exported image is the imported one, byte for byte");
        Optional<Path> fsck = Tools.find("e2fsck");
        if (fsck.isPresent() && Tools.find("mkfs.ext4").isPresent()) {
            Tools.run(List.of(fsck.get().toString(), "-fn", copy.toString()), List.of(0));
            report.prove(true, "e2fsck finds no fault in it");
        }
    }

    /** Starts the server and returns what it said about its recovery. */
    private JsonNode serve() throws IOException {
        Child server = start("serve", volume.toString(), "--nbd", "unix:" + socket, "--memory", "256M");
        JsonNode opened = server.await("opened");
        server.await("ready");
        return opened;
    }

    private Child start(String... args) throws IOException {
        child.ifPresent(Child::close);
        Child started = Child.start(folder, args);
        child = Optional.of(started);
        return started;
    }

    private void pause(Duration time) throws IOException {
        try {
            context.cancel().await(time);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        context.cancel().check();
    }

    private static void join(List<Thread> threads) throws IOException {
        try {
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /** Kills what was started. */
    void end() {
        child.ifPresent(Child::close);
    }

    @Override
    public void close() {
        end();
    }
}
