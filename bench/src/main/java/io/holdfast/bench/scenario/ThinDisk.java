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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

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
    private static final int CHECKPOINTS = 3;
    private static final int SLICES_MAX = 40;
    private static final double SLICE_SECONDS = 5;

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
        int checkpoints = bench.settings().quick() ? 1 : CHECKPOINTS;
        try (OwnVolume small =
                OwnVolume.make(bench, holdfast.named("thin-small"), SMALL_VOLUME_BYTES, SMALL_FILE_BYTES)) {
            small.fill();
            small.fio(slice(SMALL_FILE_BYTES, 0).lasting(bench.settings().warmUpSeconds()));
            double rates = rate(bench, small);
            Path path = bench.scratch().file("thin.holdfast");
            Files.deleteIfExists(path);
            try (OwnVolume thin = OwnVolume.makeSparse(bench, holdfast.named("thin"), path, VOLUME_BYTES, FILE_BYTES)) {
                // The first seconds belong to the compiler.
                thin.fio(slice(FILE_BYTES, SLICES_MAX).lasting(bench.settings().warmUpSeconds()));
                thin.flush();
                thin.checkpoint();
                int slices = pass(bench, outcome, thin, FIRST, new Until(checkpoints, SLICES_MAX));
                rates += rate(bench, small);
                pass(bench, outcome, thin, SECOND, new Until(checkpoints, slices));
            }
            outcome.add(SMALL, Metric.IOPS, (rates + rate(bench, small)) / 3);
        }
        return outcome;
    }

    private record Until(int checkpoints, int slices) {}

    private static FioJob slice(long fileBytes, int seed) {
        return FioJob.of("randwrite", BLOCK_BYTES, 32)
                .over(0, fileBytes)
                .seeded(seed + 1)
                .lasting(SLICE_SECONDS);
    }

    private static double rate(Bench bench, OwnVolume small) throws IOException {
        FioResult result = small.fio(slice(SMALL_FILE_BYTES, 1));
        bench.say("    %s %.0f requests/s".formatted(SMALL, result.iops()));
        small.flush();
        return result.iops();
    }

    /** Writes until so many checkpoints are done; returns how many slices it took. */
    private static int pass(Bench bench, Outcome outcome, OwnVolume thin, String what, Until until) throws IOException {
        VolumeCounters first = thin.counters();
        VolumeCounters last = first;
        long bytes = 0;
        long bytesAtLast = 0;
        double seconds = 0;
        double longest = 0;
        int slice = 0;
        while (slice < until.slices() && last.checkpoints() - first.checkpoints() < until.checkpoints()) {
            FioResult result = thin.fio(slice(FILE_BYTES, slice));
            slice++;
            bytes += result.bytes();
            seconds += result.seconds();
            longest = Math.max(longest, result.maxMicros() / 1000);
            VolumeCounters now = thin.counters();
            if (now.checkpoints() > last.checkpoints()) {
                last = now;
                bytesAtLast = bytes;
            }
            bench.say("    %s %.0f requests/s, longest %.0f ms, %d checkpoints"
                    .formatted(
                            what, result.iops(), result.maxMicros() / 1000, now.checkpoints() - first.checkpoints()));
        }
        outcome.add(what, Metric.IOPS, bytes / seconds / BLOCK_BYTES);
        outcome.add(what, Metric.MAX_MILLIS, longest);
        if (bytesAtLast > 0) {
            long written = last.bytesWritten() - first.bytesWritten();
            outcome.add(what, Metric.METADATA_BYTES_PER_BYTE, (written - bytesAtLast) / (double) bytesAtLast);
        }
        outcome.note("%s: %d checkpoints in %.0f s, one run"
                .formatted(what, last.checkpoints() - first.checkpoints(), seconds));
        return slice;
    }

    @Override
    public void profile(Bench bench, Recordings recordings) throws IOException {
        Path path = bench.scratch().file("thin.holdfast");
        Files.deleteIfExists(path);
        HoldfastServer holdfast = bench.peers().holdfast().named("thin");
        try (OwnVolume thin = OwnVolume.makeSparse(bench, holdfast, path, VOLUME_BYTES, FILE_BYTES)) {
            thin.fio(slice(FILE_BYTES, 1).lasting(bench.settings().warmUpSeconds()));
            thin.record(recordings, "thin", slice(FILE_BYTES, 2));
        }
    }
}
