package io.holdfast.bench.scenario;

import io.holdfast.bench.host.Command;
import io.holdfast.bench.host.ProcessUsage;
import io.holdfast.bench.measure.Goal;
import io.holdfast.bench.measure.Metric;
import io.holdfast.bench.measure.Outcome;
import io.holdfast.bench.peer.HoldfastServer;
import io.holdfast.bench.profile.Recordings;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/** How long it takes to serve a volume of 15 TiB with little memory, and how much memory the server takes. */
final class LargeVolume implements Scenario {
    private static final String SIZE = "15T";
    private static final long MEMORY_BYTES = 256L << 20;
    private static final long FILE_BYTES = 8L << 40;
    private static final int BLOCK_BYTES = 4096;
    private static final int WRITES = 20_000;
    private static final int WRITES_QUICK = 2_000;
    private static final int MIB = 1 << 20;

    private static final String SERVE = "serve, ready";
    private static final String AFTER_KILL = "serve, ready after kill -9";

    @Override
    public String name() {
        return "large";
    }

    @Override
    public String title() {
        return "a volume of 15 TiB with `--memory 256M`";
    }

    @Override
    public Metric metric() {
        return Metric.SECONDS;
    }

    @Override
    public List<Goal> goals() {
        return List.of(
                Goal.atMost(1, Metric.SECONDS, SERVE),
                Goal.atMost(1, Metric.SECONDS, AFTER_KILL),
                Goal.atMost(200, Metric.PEAK_OVER_LIMIT_MIB, SERVE),
                Goal.atMost(200, Metric.PEAK_OVER_LIMIT_MIB, AFTER_KILL));
    }

    @Override
    public Outcome run(Bench bench) throws IOException {
        Outcome outcome = new Outcome();
        HoldfastServer holdfast = server(bench);
        Path path = volume(bench, holdfast);
        for (int i = 0; i < bench.settings().runs(); i++) {
            HoldfastServer.Started started = holdfast.start(path);
            note(bench, outcome, SERVE, started);
            scatter(bench, started);
            started.session().server().orElseThrow().kill();
            started = holdfast.start(path);
            note(bench, outcome, AFTER_KILL, started);
            started.session().close();
        }
        Files.delete(path);
        return outcome;
    }

    @Override
    public void profile(Bench bench, Recordings recordings) throws IOException {
        HoldfastServer holdfast = server(bench);
        Path path = volume(bench, holdfast);
        holdfast.withJavaOptions(recordings.fromStart("large"))
                .start(path)
                .session()
                .close();
        Files.delete(path);
    }

    private static HoldfastServer server(Bench bench) {
        return bench.peers().holdfast().named("large").withMemory(MEMORY_BYTES);
    }

    private static Path volume(Bench bench, HoldfastServer holdfast) throws IOException {
        Path path = bench.scratch().file("large.holdfast");
        bench.cleanUp().later("remove " + path, () -> Files.deleteIfExists(path));
        Command.run(holdfast.command("format", path.toString(), "--size", SIZE));
        Command.run(holdfast.command("create", path.toString(), "/disk", "--size", Long.toString(FILE_BYTES)));
        return path;
    }

    private static void note(Bench bench, Outcome outcome, String what, HoldfastServer.Started started)
            throws IOException {
        long pid = started.session().server().orElseThrow().pid();
        double beyond = (ProcessUsage.of(pid).peakBytes() - MEMORY_BYTES) / (double) MIB;
        outcome.add(what, Metric.SECONDS, started.seconds());
        outcome.add(what, Metric.PEAK_OVER_LIMIT_MIB, beyond);
        bench.say("    %s: %.2f s, %.0f MiB beyond".formatted(what, started.seconds(), beyond));
    }

    /** Writes all over the file, so that the log and the maps have many places. */
    private static void scatter(Bench bench, HoldfastServer.Started started) throws IOException {
        Volume volume = started.session().volume().orElseThrow();
        Random random = new Random(1);
        byte[] block = new byte[BLOCK_BYTES];
        random.nextBytes(block);
        try (StoredFile file = volume.open("/disk")) {
            int writes = bench.settings().quick() ? WRITES_QUICK : WRITES;
            for (int i = 0; i < writes; i++) {
                file.write(random.nextLong(FILE_BYTES / BLOCK_BYTES) * BLOCK_BYTES, MemorySegment.ofArray(block));
            }
            file.flush();
        }
    }
}
