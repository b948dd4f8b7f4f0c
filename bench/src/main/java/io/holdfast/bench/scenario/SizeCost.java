package io.holdfast.bench.scenario;

import io.holdfast.bench.fio.FioJob;
import io.holdfast.bench.fio.FioResult;
import io.holdfast.bench.measure.Goal;
import io.holdfast.bench.measure.Metric;
import io.holdfast.bench.measure.Outcome;
import io.holdfast.bench.peer.HoldfastServer;
import io.holdfast.bench.profile.Recordings;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Random writes over maps of different sizes with the same memory. All maps exist at once and take turns. */
final class SizeCost implements Scenario {
    private static final long BLOCK_BYTES = 4096;
    private static final long MEMORY_BYTES = 512L << 20;
    private static final long ROOM_BYTES = 3L << 30;
    private static final List<Integer> EXPONENTS = List.of(5, 6, 7, 8);
    private static final List<Integer> QUICK_EXPONENTS = List.of(5, 6);

    @Override
    public String name() {
        return "size";
    }

    @Override
    public String title() {
        return "4 KiB random write, qd 32, no flush, with `--memory 512M`, by blocks in the map";
    }

    @Override
    public Metric metric() {
        return Metric.IOPS;
    }

    @Override
    public List<Goal> goals() {
        return List.of(
                Goal.atLeast(0.85, Metric.IOPS, label(6), label(5)),
                Goal.atLeast(0.85, Metric.IOPS, label(7), label(5)),
                Goal.atLeast(0.85, Metric.IOPS, label(8), label(5)));
    }

    private static String label(int exponent) {
        return "10^" + exponent + " blocks";
    }

    @Override
    public Outcome run(Bench bench) throws IOException {
        bench.removeDisks();
        Outcome outcome = new Outcome();
        List<Alternation.Named<OwnVolume>> volumes = new ArrayList<>();
        HoldfastServer holdfast = bench.peers().holdfast().withMemory(MEMORY_BYTES);
        try {
            for (int exponent : bench.settings().quick() ? QUICK_EXPONENTS : EXPONENTS) {
                make(bench, outcome, holdfast.named("size-" + exponent), exponent)
                        .ifPresent(own -> volumes.add(new Alternation.Named<>(label(exponent), own)));
            }
            Alternation.run(
                    bench, outcome, metric(), volumes, bench.settings().runs(), (own, round) -> turn(bench, own));
        } finally {
            for (Alternation.Named<OwnVolume> volume : volumes) {
                volume.who().close();
            }
        }
        return outcome;
    }

    /** Makes a volume with a fully written map of this size; empty if it does not fit on the disk. */
    private static Optional<OwnVolume> make(Bench bench, Outcome outcome, HoldfastServer holdfast, int exponent)
            throws IOException {
        long data = Math.round(Math.pow(10, exponent)) * BLOCK_BYTES;
        long volume = data + data / 16 + (bench.settings().quick() ? ROOM_BYTES / 4 : ROOM_BYTES);
        long free = bench.scratch().freeBytes();
        if (volume > free * 9 / 10) {
            outcome.note("%s left out: takes %d GiB of disk and there are %d"
                    .formatted(label(exponent), volume >> 30, free >> 30));
            return Optional.empty();
        }
        OwnVolume own = OwnVolume.make(bench, holdfast, volume, data);
        own.fill();
        own.checkpoint();
        own.fio(job(own, bench.settings().warmUpSeconds()));
        own.flush();
        return Optional.of(own);
    }

    /** Profiles the smallest map and the largest that fits, for comparison. */
    @Override
    public void profile(Bench bench, Recordings recordings) throws IOException {
        bench.removeDisks();
        List<Integer> exponents = bench.settings().quick() ? QUICK_EXPONENTS : EXPONENTS;
        if (!profile(bench, recordings, exponents.getFirst())) {
            throw new IOException("there is not enough room on the disk");
        }
        for (int exponent : exponents.subList(1, exponents.size()).reversed()) {
            if (profile(bench, recordings, exponent)) {
                return;
            }
        }
    }

    private static boolean profile(Bench bench, Recordings recordings, int exponent) throws IOException {
        HoldfastServer holdfast =
                bench.peers().holdfast().withMemory(MEMORY_BYTES).named("size-" + exponent);
        Optional<OwnVolume> made = make(bench, new Outcome(), holdfast, exponent);
        if (made.isEmpty()) {
            return false;
        }
        try (OwnVolume own = made.get()) {
            own.record(recordings, "10-" + exponent, job(own, bench.settings().seconds()));
        }
        return true;
    }

    private static FioJob job(OwnVolume own, double seconds) {
        return FioJob.of("randwrite", (int) BLOCK_BYTES, 32)
                .over(0, own.fileBytes())
                .lasting(seconds);
    }

    private static Map<Metric, Double> turn(Bench bench, OwnVolume own) throws IOException {
        // Run longer than other scenarios: the cost is in checkpoints, so a round should contain some.
        FioResult result = own.fio(job(own, bench.settings().seconds() * 3));
        own.flush();
        Map<Metric, Double> measured = new EnumMap<>(Metric.class);
        measured.put(Metric.IOPS, result.iops());
        measured.put(Metric.P99_MICROS, result.p99Micros());
        measured.put(Metric.MAX_MILLIS, result.maxMicros() / 1000);
        return measured;
    }
}
