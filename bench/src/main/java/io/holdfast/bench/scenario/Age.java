package io.holdfast.bench.scenario;

import io.holdfast.bench.fio.FioJob;
import io.holdfast.bench.fio.FioResult;
import io.holdfast.bench.measure.Goal;
import io.holdfast.bench.measure.Metric;
import io.holdfast.bench.measure.Outcome;
import io.holdfast.bench.profile.Recordings;
import java.io.IOException;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Random writes on three volumes: one that is 90 % full and was overwritten at random five times, a new one, and
 * (without a goal) one that was just filled.
 */
final class Age implements Scenario {
    private static final int BLOCK_BYTES = 4096;
    private static final int OVERWRITES = 5;
    private static final String AGED = "aged";
    private static final String FRESH = "fresh";
    private static final String FILLED = "just filled to 90 %";
    private static final double FULL = 0.9;

    @Override
    public String name() {
        return "age";
    }

    @Override
    public String title() {
        return "4 KiB random write, qd 32, no flush, after five overwrites at 90 % full";
    }

    @Override
    public Metric metric() {
        return Metric.IOPS;
    }

    @Override
    public List<Goal> goals() {
        return List.of(Goal.atLeast(0.75, Metric.IOPS, AGED, FRESH));
    }

    @Override
    public Outcome run(Bench bench) throws IOException {
        bench.removeDisks();
        Outcome outcome = new Outcome();
        long volume = volumeBytes(bench);
        long file = fileBytes(bench);
        try (OwnVolume aged = OwnVolume.make(bench, bench.peers().holdfast().named("aged"), volume, file);
                OwnVolume fresh = OwnVolume.make(bench, bench.peers().holdfast().named("fresh"), volume, file)) {
            aged.fill();
            outcome.add(FILLED, write(bench, aged));
            long began = System.nanoTime();
            aged.fio(job(aged).moving(OVERWRITES * file));
            aged.flush();
            outcome.note("overwriting five times took %.0f s, %.0f MiB/s"
                    .formatted(
                            (System.nanoTime() - began) / 1e9,
                            OVERWRITES * (file >> 20) * 1e9 / (System.nanoTime() - began)));
            // Warm up; the aged volume's server is warm already.
            write(bench, fresh);
            Alternation.run(
                    bench,
                    outcome,
                    metric(),
                    List.of(new Alternation.Named<>(AGED, aged), new Alternation.Named<>(FRESH, fresh)),
                    bench.settings().runs(),
                    (own, round) -> write(bench, own));
        }
        outcome.note("the fresh volume begins empty and fills up by what the rounds write");
        return outcome;
    }

    /** Overwrites only once: that is enough to show what makes an old volume slow. */
    @Override
    public void profile(Bench bench, Recordings recordings) throws IOException {
        try (OwnVolume aged =
                OwnVolume.make(bench, bench.peers().holdfast().named("aged"), volumeBytes(bench), fileBytes(bench))) {
            aged.fill();
            aged.fio(job(aged).moving(aged.fileBytes()));
            aged.flush();
            aged.record(recordings, "", job(aged).lasting(bench.settings().seconds()));
        }
    }

    private static long volumeBytes(Bench bench) {
        return bench.settings().quick() ? 512L << 20 : 2L << 30;
    }

    private static long fileBytes(Bench bench) {
        return (long) (volumeBytes(bench) * FULL) / BLOCK_BYTES * BLOCK_BYTES;
    }

    private static FioJob job(OwnVolume own) {
        return FioJob.of("randwrite", BLOCK_BYTES, 32).over(0, own.fileBytes());
    }

    private static Map<Metric, Double> write(Bench bench, OwnVolume own) throws IOException {
        FioResult result = own.fio(job(own).lasting(bench.settings().seconds()));
        own.flush();
        Map<Metric, Double> measured = new EnumMap<>(Metric.class);
        measured.put(Metric.IOPS, result.iops());
        measured.put(Metric.P99_MICROS, result.p99Micros());
        measured.put(Metric.MAX_MILLIS, result.maxMicros() / 1000);
        return measured;
    }
}
