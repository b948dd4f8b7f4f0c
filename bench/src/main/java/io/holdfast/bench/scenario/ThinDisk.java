package io.holdfast.bench.scenario;

import io.holdfast.bench.fio.FioJob;
import io.holdfast.bench.fio.FioResult;
import io.holdfast.bench.measure.Goal;
import io.holdfast.bench.measure.Metric;
import io.holdfast.bench.measure.Outcome;
import io.holdfast.bench.peer.HoldfastServer;
import io.holdfast.bench.profile.Recordings;
import io.holdfast.volume.VolumeCounters;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Random writes over a thin disk of 1 TiB, where nearly every block needs a map node of its own, over several checkpoints;
 * then the same places once more. Beside them writes over a small disk.
 */
final class ThinDisk implements Scenario {
    private static final int BLOCK_BYTES = 4096;
    private static final long FILE_BYTES = 1L << 40;
    private static final long VOLUME_BYTES = 2L << 40;
    private static final long SMALL_FILE_BYTES = 100_000L * BLOCK_BYTES;
    private static final long SMALL_VOLUME_BYTES = 4L << 30;
    /** So many checkpoints end a pass; if the disk below has no room for so many, the want of it does. */
    private static final int CHECKPOINTS = 3;

    private static final double SECONDS_MAX = 600;
    private static final long FREE_BYTES_MIN = 6L << 30;

    private static final double QUICK_SECONDS = 20;
    private static final double SMALL_SECONDS = 5;

    private static final String SMALL = "10^5 blocks";
    private static final String FIRST = "1 TiB, fresh places";
    private static final String SECOND = "1 TiB, the same places again";

    @Override
    public String name() {
        return "thin";
    }

    @Override
    public String title() {
        return "4 KiB random write, qd 32, no flush, over a thin disk of 1 TiB";
    }

    @Override
    public Metric metric() {
        return Metric.IOPS;
    }

    @Override
    public List<Goal> goals() {
        return List.of(
                Goal.atLeast(0.7, Metric.IOPS, FIRST, SMALL),
                Goal.atMost(0.35, Metric.METADATA_BYTES_PER_BYTE, FIRST),
                Goal.atMost(50, Metric.MAX_MILLIS, FIRST),
                Goal.atMost(50, Metric.MAX_MILLIS, SECOND));
    }

    @Override
    public Outcome run(Bench bench) throws IOException {
        Outcome outcome = new Outcome();
        HoldfastServer holdfast = bench.peers().holdfast();
        double seconds = bench.settings().quick() ? QUICK_SECONDS : SECONDS_MAX;
        try (OwnVolume small =
                OwnVolume.make(bench, holdfast.named("thin-small"), SMALL_VOLUME_BYTES, SMALL_FILE_BYTES)) {
            small.fill();
            small.fio(small(bench.settings().warmUpSeconds()));
            double rates = rate(bench, small);
            Path path = bench.scratch().file("thin.holdfast");
            Files.deleteIfExists(path);
            try (OwnVolume thin = OwnVolume.makeSparse(bench, holdfast.named("thin"), path, VOLUME_BYTES, FILE_BYTES)) {
                // The first seconds belong to the compiler.
                thin.fio(FioJob.of("randwrite", BLOCK_BYTES, 32)
                        .over(0, FILE_BYTES)
                        .lasting(bench.settings().warmUpSeconds()));
                thin.flush();
                thin.checkpoint();
                pass(bench, outcome, thin, FIRST, seconds);
                rates += rate(bench, small);
                pass(bench, outcome, thin, SECOND, seconds);
            }
            outcome.add(SMALL, Metric.IOPS, (rates + rate(bench, small)) / 3);
        }
        return outcome;
    }

    /** Takes the same places in the same order each time. */
    private static FioJob places(double seconds) {
        return FioJob.of("randwrite", BLOCK_BYTES, 32)
                .over(0, FILE_BYTES)
                .repeatable()
                .lasting(seconds);
    }

    private static FioJob small(double seconds) {
        return FioJob.of("randwrite", BLOCK_BYTES, 32).over(0, SMALL_FILE_BYTES).lasting(seconds);
    }

    private static double rate(Bench bench, OwnVolume small) throws IOException {
        FioResult result = small.fio(small(SMALL_SECONDS));
        bench.say("    %s %.0f requests/s".formatted(SMALL, result.iops()));
        small.flush();
        return result.iops();
    }

    private static void pass(Bench bench, Outcome outcome, OwnVolume thin, String what, double seconds)
            throws IOException {
        List<VolumeCounters> checkpoints = Collections.synchronizedList(new ArrayList<>());
        AtomicLong seen = new AtomicLong(thin.counters().checkpoints());
        FioResult result = thin.fio(places(seconds), () -> {
            VolumeCounters now = thin.counters();
            if (now.checkpoints() > seen.getAndSet(now.checkpoints())) {
                checkpoints.add(now);
            }
            return checkpoints.size() >= CHECKPOINTS || freeBytes(bench) < FREE_BYTES_MIN;
        });
        outcome.add(what, Metric.IOPS, result.iops());
        outcome.add(what, Metric.P99_MICROS, result.p99Micros());
        outcome.add(what, Metric.MAX_MILLIS, result.maxMicros() / 1000);
        if (checkpoints.size() > 1) {
            VolumeCounters first = checkpoints.getFirst();
            VolumeCounters last = checkpoints.getLast();
            double data = (last.stableCopies() - first.stableCopies()) * (double) BLOCK_BYTES;
            outcome.add(
                    what, Metric.METADATA_BYTES_PER_BYTE, (last.bytesWritten() - first.bytesWritten() - data) / data);
        }
        bench.say("    %s %.0f requests/s, longest %.0f ms, %d checkpoints"
                .formatted(what, result.iops(), result.maxMicros() / 1000, checkpoints.size()));
        outcome.note("%s: one run, over %d finished checkpoints%s"
                .formatted(
                        what,
                        checkpoints.size(),
                        freeBytes(bench) < FREE_BYTES_MIN ? "; the disk had no room for more" : ""));
    }

    private static long freeBytes(Bench bench) {
        try {
            return bench.scratch().freeBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void profile(Bench bench, Recordings recordings) throws IOException {
        Path path = bench.scratch().file("thin.holdfast");
        Files.deleteIfExists(path);
        HoldfastServer holdfast = bench.peers().holdfast().named("thin");
        try (OwnVolume thin = OwnVolume.makeSparse(bench, holdfast, path, VOLUME_BYTES, FILE_BYTES)) {
            thin.fio(places(bench.settings().warmUpSeconds()));
            thin.record(recordings, "thin", places(bench.settings().seconds()));
        }
    }
}
