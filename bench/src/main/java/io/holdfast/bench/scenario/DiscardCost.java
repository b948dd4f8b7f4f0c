package io.holdfast.bench.scenario;

import io.holdfast.bench.fio.FioResult;
import io.holdfast.bench.measure.Goal;
import io.holdfast.bench.measure.Metric;
import io.holdfast.bench.measure.Outcome;
import io.holdfast.bench.profile.Recordings;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.Progress;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** What it costs clients that all free space of their volume is given back to the host, again and again. */
final class DiscardCost extends ClientCost {
    /** Free in the volume: as much is given back each time. */
    private static final long ROOM_BYTES = 8L << 30;

    private static final String BESIDE = "clients beside trims";

    DiscardCost() {
        super("discard", ROOM_BYTES);
    }

    @Override
    public String title() {
        return "`trim`, one after the other, beside 4 KiB random write, qd 32; throughput: what is given back";
    }

    @Override
    public Metric metric() {
        return Metric.IOPS;
    }

    @Override
    public List<Goal> goals() {
        return List.of(
                Goal.atLeast(0.85, Metric.IOPS, BESIDE, ALONE), Goal.atMost(2, Metric.P99_MICROS, BESIDE, ALONE));
    }

    @Override
    public Outcome run(Bench bench) throws IOException {
        Outcome outcome = new Outcome();
        try (OwnVolume own = make(bench)) {
            measure(bench, outcome, own);
        }
        return outcome;
    }

    @Override
    void beside(Bench bench, Outcome outcome, OwnVolume own) throws IOException {
        Trims trims = new Trims(own);
        Thread thread = Thread.ofPlatform().start(trims);
        FioResult result;
        try {
            result = own.fio(clients(own, seconds(bench)));
        } finally {
            trims.end.set(true);
        }
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        Exception failure = trims.failure.get();
        if (failure != null) {
            throw new IOException("a trim beside clients failed", failure);
        }
        note(bench, outcome, BESIDE, result);
        outcome.add(BESIDE, Metric.MIB_PER_SECOND, trims.mebibytesPerSecond());
        bench.say("    given back: %.0f MiB/s".formatted(trims.mebibytesPerSecond()));
    }

    /** Trims the volume until it is told to end. */
    private static final class Trims implements Runnable {
        final AtomicBoolean end = new AtomicBoolean();
        final AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
        private final OwnVolume own;
        private long bytes;
        private long nanos;

        Trims(OwnVolume own) {
            this.own = own;
        }

        @Override
        public void run() {
            long start = System.nanoTime();
            try {
                while (!end.get()) {
                    bytes += own.volume().trim(Progress.NONE);
                }
            } catch (HoldfastException | RuntimeException e) {
                failure.set(e);
            }
            nanos = System.nanoTime() - start;
        }

        double mebibytesPerSecond() {
            return bytes / (double) MIB / (nanos / 1e9);
        }
    }

    @Override
    public void profile(Bench bench, Recordings recordings) throws IOException {
        try (OwnVolume own = make(bench)) {
            long pid = own.session().server().orElseThrow().pid();
            recordings.record("trims", pid, () -> beside(bench, new Outcome(), own));
        }
    }
}
