package io.holdfast.bench.scenario;

import io.holdfast.bench.fio.FioJob;
import io.holdfast.bench.measure.Goal;
import io.holdfast.bench.measure.Metric;
import io.holdfast.bench.measure.Outcome;
import io.holdfast.bench.profile.Recordings;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.Progress;
import io.holdfast.volume.VolumeCounters;
import java.io.IOException;
import java.util.List;

/**
 * The cost of random 4 KiB writes in bytes: bytes written to the device from one checkpoint to another, by the server's
 * own count, and bytes of metadata kept on the device.
 */
final class Amplification implements Scenario {
    private static final String FLUSHED = "with a flush after each";
    private static final String UNFLUSHED = "without flushes";
    private static final int BLOCK_BYTES = 4096;

    @Override
    public String name() {
        return "amplification";
    }

    @Override
    public String title() {
        return "4 KiB random write over a written disk, log and checkpoints included";
    }

    @Override
    public Metric metric() {
        return Metric.DEVICE_BYTES_PER_BYTE;
    }

    @Override
    public List<Goal> goals() {
        return List.of(
                Goal.atMost(1.3, Metric.DEVICE_BYTES_PER_BYTE, UNFLUSHED),
                Goal.atMost(3.3, Metric.DEVICE_BYTES_PER_BYTE, FLUSHED),
                Goal.atMost(0.6, Metric.METADATA_PERCENT, UNFLUSHED));
    }

    @Override
    public Outcome run(Bench bench) throws IOException {
        long data = bench.settings().dataBytes();
        long unflushed = data;
        long flushed = flushedBytes(bench);
        Outcome outcome = new Outcome();
        try (OwnVolume own =
                OwnVolume.make(bench, bench.peers().holdfast().named("amplification"), data * 2 + (512 << 20), data)) {
            own.fill();
            FioJob job = eachOnce(data);
            outcome.add(UNFLUSHED, Metric.DEVICE_BYTES_PER_BYTE, deviceBytes(own, job) / (double) unflushed);
            FioJob commits = commits(data, flushed);
            outcome.add(FLUSHED, Metric.DEVICE_BYTES_PER_BYTE, deviceBytes(own, commits) / (double) flushed);
            outcome.add(UNFLUSHED, Metric.METADATA_PERCENT, metadataPercent(own));
        }
        outcome.note("metadata: blocks of trees and maps that `check` finds on the volume, for each block of data");
        return outcome;
    }

    @Override
    public void profile(Bench bench, Recordings recordings) throws IOException {
        long data = bench.settings().dataBytes();
        try (OwnVolume own =
                OwnVolume.make(bench, bench.peers().holdfast().named("amplification"), data * 2 + (512 << 20), data)) {
            own.fill();
            own.record(recordings, "unflushed", eachOnce(data));
            own.flush();
            own.record(recordings, "flushed", commits(data, flushedBytes(bench)));
        }
    }

    /** Writes each block once: two writes to a dirty block would reach the device as one. */
    private static FioJob eachOnce(long data) {
        return FioJob.of("randwrite", BLOCK_BYTES, 32).over(0, data);
    }

    private static FioJob commits(long data, long moving) {
        return FioJob.of("randwrite", BLOCK_BYTES, 1)
                .over(0, data)
                .moving(moving)
                .flushingEachWrite();
    }

    private static long flushedBytes(Bench bench) {
        return bench.settings().quick() ? 4L << 20 : 64L << 20;
    }

    private static long deviceBytes(OwnVolume own, FioJob job) throws IOException {
        own.checkpoint();
        VolumeCounters before = own.counters();
        own.fio(job);
        own.flush();
        own.checkpoint();
        return own.counters().bytesWritten() - before.bytesWritten();
    }

    private static double metadataPercent(OwnVolume own) throws IOException {
        try {
            CheckReport report = own.volume().check(Progress.NONE);
            return 100.0 * report.metadataBlocks() / (report.blocksVerified() + report.blocksUnverified());
        } catch (HoldfastException e) {
            throw new IOException(e);
        }
    }
}
