package io.holdfast.bench.scenario;

import io.holdfast.bench.fio.FioJob;
import io.holdfast.bench.fio.FioOutput;
import io.holdfast.bench.fio.FioResult;
import io.holdfast.bench.fio.FioTarget;
import io.holdfast.bench.host.Command;
import io.holdfast.bench.measure.Goal;
import io.holdfast.bench.measure.Metric;
import io.holdfast.bench.measure.Outcome;
import io.holdfast.bench.profile.Recordings;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CheckOptions;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.Progress;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** How fast a check is while nobody else uses the volume, and what it costs clients while they do. */
final class CheckCost implements Scenario {
    private static final int BLOCK_BYTES = 4096;
    private static final int MIB = 1 << 20;
    private static final long ROOM_BYTES = 3L << 30;
    private static final long RATE = 200_000_000;
    /** A check of what a client overwrites all the time ends by then. */
    private static final double SECONDS_MAX = 120;

    private static final String DISK = "disk";
    private static final String QUIET = "check, written in order";
    private static final String QUIET_SCATTERED = "check, written at random";
    private static final String ALONE = "clients alone";
    private static final String BESIDE = "clients beside a check";

    @Override
    public String name() {
        return "check";
    }

    @Override
    public String title() {
        return "a check: of a quiet volume; and with `--rate 200MB` beside 4 KiB random write, qd 32";
    }

    @Override
    public Metric metric() {
        return Metric.MIB_PER_SECOND;
    }

    @Override
    public List<Goal> goals() {
        return List.of(
                Goal.atLeast(0.9, Metric.MIB_PER_SECOND, QUIET, DISK),
                Goal.atLeast(0.85, Metric.IOPS, BESIDE, ALONE),
                Goal.atMost(2, Metric.P99_MICROS, BESIDE, ALONE));
    }

    @Override
    public Outcome run(Bench bench) throws IOException {
        Outcome outcome = new Outcome();
        try (OwnVolume own = make(bench)) {
            for (int i = 0; i < bench.settings().runs(); i++) {
                outcome.add(DISK, Metric.MIB_PER_SECOND, disk(bench, own));
                outcome.add(QUIET, Metric.MIB_PER_SECOND, quiet(bench, own, QUIET));
            }
            own.fio(clients(own, bench.settings().warmUpSeconds()));
            for (int i = 0; i < bench.settings().runs(); i++) {
                note(
                        bench,
                        outcome,
                        ALONE,
                        own.fio(clients(own, bench.settings().seconds() * 3)));
                own.flush();
                beside(bench, outcome, own);
                own.flush();
                outcome.add(QUIET_SCATTERED, Metric.MIB_PER_SECOND, quiet(bench, own, QUIET_SCATTERED));
            }
        }
        return outcome;
    }

    private static OwnVolume make(Bench bench) throws IOException {
        long data = bench.settings().dataBytes();
        OwnVolume own = OwnVolume.make(bench, bench.peers().holdfast().named("check"), data + ROOM_BYTES, data);
        own.fill();
        own.checkpoint();
        own.flush();
        return own;
    }

    private static FioJob clients(OwnVolume own, double seconds) {
        return FioJob.of("randwrite", BLOCK_BYTES, 32).over(0, own.fileBytes()).lasting(seconds);
    }

    private static double disk(Bench bench, OwnVolume own) throws IOException {
        FioJob job = FioJob.of("read", MIB, 8).over(0, own.fileBytes());
        FioResult result = FioOutput.parse(Command.run(job.command(new FioTarget.Direct(own.path(), "io_uring"))));
        bench.say("    %s %.0f MiB/s".formatted(DISK, result.mebibytesPerSecond()));
        return result.mebibytesPerSecond();
    }

    private static double quiet(Bench bench, OwnVolume own, String what) throws IOException {
        double rate = check(own, CheckOptions.ALL);
        bench.say("    %s %.0f MiB/s".formatted(what, rate));
        return rate;
    }

    /** Checks the volume; returns MiB read per second. */
    private static double check(OwnVolume own, CheckOptions options) throws IOException {
        long start = System.nanoTime();
        try {
            CheckReport report = own.volume().check(options, Progress.NONE);
            if (!report.clean()) {
                throw new IOException("the check found damage: " + report.problems());
            }
            long blocks = report.blocksVerified() + report.blocksUnverified() + report.metadataBlocks();
            return blocks * (double) BLOCK_BYTES / MIB / ((System.nanoTime() - start) / 1e9);
        } catch (HoldfastException e) {
            throw new IOException(e);
        }
    }

    /** Lets clients write until a check has ended. */
    private static void beside(Bench bench, Outcome outcome, OwnVolume own) throws IOException {
        CompletableFuture<Double> check = new CompletableFuture<>();
        Thread checker = Thread.ofPlatform().start(() -> {
            try {
                check.complete(check(own, CheckOptions.ALL.withRate(RATE)));
            } catch (IOException | RuntimeException e) {
                check.completeExceptionally(e);
            }
        });
        FioResult result = own.fio(clients(own, SECONDS_MAX), check::isDone);
        note(bench, outcome, BESIDE, result);
        try {
            double rate = check.join();
            checker.join();
            bench.say("    the check %.0f MiB/s".formatted(rate));
            outcome.add(BESIDE, Metric.MIB_PER_SECOND, rate);
        } catch (CompletionException e) {
            throw new IOException("the check beside clients failed", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private static void note(Bench bench, Outcome outcome, String what, FioResult result) {
        outcome.add(what, Metric.IOPS, result.iops());
        outcome.add(what, Metric.P99_MICROS, result.p99Micros());
        bench.say("    %s %.0f requests/s, p99 %.0f µs".formatted(what, result.iops(), result.p99Micros()));
    }

    @Override
    public void profile(Bench bench, Recordings recordings) throws IOException {
        try (OwnVolume own = make(bench)) {
            long pid = own.session().server().orElseThrow().pid();
            recordings.record("quiet", pid, () -> quiet(bench, own, QUIET));
        }
    }
}
