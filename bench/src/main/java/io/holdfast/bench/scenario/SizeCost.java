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

/**
 * Random writes over maps of different sizes. The files lie side by side in one volume and take turns, so that nothing else differs: neither the room beside them, nor
 * how that is fragmented, nor the server and its memory. What a full volume costs is measured by {@link Age}.
 */
final class SizeCost implements Scenario {
    private static final long BLOCK_BYTES = 4096;
    private static final int FILL_BYTES = 1 << 20;
    private static final int FILL_DEPTH = 8;
    private static final long MEMORY_BYTES = 512L << 20;
    private static final long ROOM_BYTES = 3L << 30;
    private static final List<Integer> EXPONENTS = List.of(5, 6, 7, 8);
    private static final List<Integer> QUICK_EXPONENTS = List.of(5, 6);

    /** The file of one size. */
    private record Sized(OwnVolume own, String file, long bytes) {
        FioResult fio(FioJob job) throws IOException {
            return own.fio(file, job);
        }
    }

    /** The volume with all files. */
    private record Sizes(OwnVolume own, List<Alternation.Named<Sized>> files) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            own.close();
        }
    }

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
        try (Sizes sizes = make(bench, outcome)) {
            Alternation.run(
                    bench, outcome, metric(), sizes.files, bench.settings().runs(), (file, round) -> turn(bench, file));
        }
        return outcome;
    }

    /** Makes a volume with the fully written files that fit on the disk, the smallest first. */
    private static Sizes make(Bench bench, Outcome outcome) throws IOException {
        List<Integer> exponents = new ArrayList<>(bench.settings().quick() ? QUICK_EXPONENTS : EXPONENTS);
        long free = bench.scratch().freeBytes();
        while (volumeBytes(bench, exponents) > free * 9 / 10) {
            if (exponents.size() <= 2) {
                throw new IOException("there is not enough room on the disk");
            }
            outcome.note("%s left out: takes %d GiB of disk and there are %d"
                    .formatted(label(exponents.getLast()), volumeBytes(bench, exponents) >> 30, free >> 30));
            exponents.removeLast();
        }
        HoldfastServer holdfast =
                bench.peers().holdfast().withMemory(MEMORY_BYTES).named("size");
        OwnVolume own = OwnVolume.make(bench, holdfast, volumeBytes(bench, exponents), bytes(exponents.getLast()));
        List<Alternation.Named<Sized>> files = new ArrayList<>();
        for (int exponent : exponents) {
            boolean last = exponent == exponents.getLast();
            String file = last ? own.file() : own.create("blocks-" + exponent, bytes(exponent));
            Sized sized = new Sized(own, file, bytes(exponent));
            sized.fio(FioJob.of("write", FILL_BYTES, FILL_DEPTH).over(0, sized.bytes));
            files.add(new Alternation.Named<>(label(exponent), sized));
        }
        own.checkpoint();
        for (Alternation.Named<Sized> file : files) {
            file.who().fio(job(file.who(), bench.settings().warmUpSeconds()));
        }
        own.flush();
        return new Sizes(own, files);
    }

    private static long bytes(int exponent) {
        return Math.round(Math.pow(10, exponent)) * BLOCK_BYTES;
    }

    private static long volumeBytes(Bench bench, List<Integer> exponents) {
        long data = exponents.stream().mapToLong(SizeCost::bytes).sum();
        return data + data / 16 + (bench.settings().quick() ? ROOM_BYTES / 4 : ROOM_BYTES);
    }

    /** Profiles the smallest map and the largest that fits, for comparison. */
    @Override
    public void profile(Bench bench, Recordings recordings) throws IOException {
        bench.removeDisks();
        try (Sizes sizes = make(bench, new Outcome())) {
            for (Alternation.Named<Sized> each : List.of(sizes.files.getFirst(), sizes.files.getLast())) {
                Sized sized = each.who();
                sized.own.record(
                        recordings,
                        sized.file,
                        sized.file,
                        job(sized, bench.settings().seconds()));
            }
        }
    }

    private static FioJob job(Sized file, double seconds) {
        return FioJob.of("randwrite", (int) BLOCK_BYTES, 32).over(0, file.bytes).lasting(seconds);
    }

    private static Map<Metric, Double> turn(Bench bench, Sized file) throws IOException {
        // Run longer than other scenarios: the cost is in checkpoints, so a round should contain some.
        FioResult result = file.fio(job(file, bench.settings().seconds() * 3));
        file.own.flush();
        Map<Metric, Double> measured = new EnumMap<>(Metric.class);
        measured.put(Metric.IOPS, result.iops());
        measured.put(Metric.P99_MICROS, result.p99Micros());
        measured.put(Metric.MAX_MILLIS, result.maxMicros() / 1000);
        return measured;
    }
}
