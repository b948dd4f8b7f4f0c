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
import io.holdfast.cli.control.ControlPath;
import io.holdfast.cli.control.RemoteVolume;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CheckOptions;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.JobKind;
import io.holdfast.volume.Progress;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** How fast a check is while nobody else uses the volume, and what it costs clients while they do. */
final class CheckCost extends ClientCost {
    private static final long ROOM_BYTES = 3L << 30;
    /** Some more than it is to read beside clients, since it makes way for them. */
    private static final int RATE_MB = 260;
    /** What it reads at least in a second while clients are busy. */
    private static final double RATE_MIN_MIB = 200e6 / MIB;
    /** A check of what a client overwrites all the time ends by then. */
    private static final double SECONDS_MAX = 120;

    private static final String DISK = "disk";
    private static final String QUIET = "check, written in order";
    private static final String QUIET_SCATTERED = "check, written at random";
    private static final String BESIDE = "clients beside a check";

    CheckCost() {
        super("check", ROOM_BYTES);
    }

    @Override
    public String title() {
        return "a check: of a quiet volume; and with `--rate %dMB` beside 4 KiB random write, qd 32".formatted(RATE_MB);
    }

    @Override
    public Metric metric() {
        return Metric.MIB_PER_SECOND;
    }

    @Override
    public List<Goal> goals() {
        return List.of(
                Goal.atLeast(0.9, Metric.MIB_PER_SECOND, QUIET, DISK),
                Goal.atLeast(RATE_MIN_MIB, Metric.MIB_PER_SECOND, BESIDE),
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
            measure(bench, outcome, own);
        }
        return outcome;
    }

    @Override
    void afterRun(Bench bench, Outcome outcome, OwnVolume own) throws IOException {
        outcome.add(QUIET_SCATTERED, Metric.MIB_PER_SECOND, quiet(bench, own, QUIET_SCATTERED));
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
    @Override
    void beside(Bench bench, Outcome outcome, OwnVolume own) throws IOException {
        CompletableFuture<Double> check = new CompletableFuture<>();
        Thread checker = Thread.ofPlatform().start(() -> {
            try {
                check.complete(check(own, CheckOptions.ALL.withRate(RATE_MB * 1_000_000L)));
            } catch (IOException | RuntimeException e) {
                check.completeExceptionally(e);
            }
        });
        try (Volume watched = watch(own)) {
            Moved moved = new Moved(watched);
            FioResult result = own.fio(clients(own, SECONDS_MAX), () -> {
                moved.look();
                return check.isDone();
            });
            note(bench, outcome, BESIDE, result);
            check.join();
            checker.join();
            bench.say(
                    "    the check reads %.0f MiB/s, with --rate %dMB".formatted(moved.mebibytesPerSecond(), RATE_MB));
            outcome.add(BESIDE, Metric.MIB_PER_SECOND, moved.mebibytesPerSecond());
        } catch (CompletionException e) {
            throw new IOException("the check beside clients failed", e.getCause());
        } catch (HoldfastException e) {
            throw new IOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /** Opens a second connection: the check keeps the first one until it ends. */
    private static Volume watch(OwnVolume own) throws IOException, HoldfastException {
        return RemoteVolume.connect(ControlPath.of(own.path()))
                .orElseThrow(() -> new IOException("nobody serves " + own.path()));
    }

    /**
     * What the check reads, as the server lists it: the report counts only blocks that clients had not overwritten before the check came to
     * them. Used by one thread at a time.
     */
    private static final class Moved {
        private final Volume volume;
        private long bytes;
        private long nanos;

        Moved(Volume volume) {
            this.volume = volume;
        }

        void look() {
            try {
                volume.jobs().list().stream()
                        .filter(job -> job.kind() == JobKind.CHECK)
                        .findFirst()
                        .ifPresent(job -> {
                            bytes = job.movedBytes();
                            nanos = job.nanos();
                        });
            } catch (HoldfastException e) {
                throw new IllegalStateException(e);
            }
        }

        double mebibytesPerSecond() {
            return nanos == 0 ? 0 : bytes / (double) MIB / (nanos / 1e9);
        }
    }

    @Override
    public void profile(Bench bench, Recordings recordings) throws IOException {
        try (OwnVolume own = make(bench)) {
            long pid = own.session().server().orElseThrow().pid();
            recordings.record("quiet", pid, () -> quiet(bench, own, QUIET));
        }
    }
}
