package io.holdfast.bench.scenario;

import io.holdfast.bench.fio.FioJob;
import io.holdfast.bench.measure.Goal;
import io.holdfast.bench.measure.Metric;
import io.holdfast.bench.measure.Outcome;
import io.holdfast.bench.measure.Series;
import io.holdfast.bench.peer.Contender;
import io.holdfast.bench.peer.Contender.Ending;
import io.holdfast.bench.peer.HoldfastServer;
import io.holdfast.bench.peer.PeerSet;
import io.holdfast.bench.peer.Shape;
import io.holdfast.bench.profile.Recordings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Latency at half the peer's maximum rate. It first measures the rate at which the peer is saturated, and then gives
 * both half of that. Holdfast's server logs its safepoints, so that pauses of the virtual machine can be told from
 * those of the disk.
 */
record Latency(String name, String pattern, boolean flushing) implements Scenario {
    private static final int BLOCK_BYTES = 4096;
    private static final double PAUSE_MILLIS_MAX = 20;

    @Override
    public String title() {
        return "4 KiB %s%s at half the rate at which qemu-raw-none is saturated"
                .formatted(pattern, flushing ? ", qd 1, a flush after each" : "");
    }

    @Override
    public Metric metric() {
        return Metric.P99_MICROS;
    }

    @Override
    public List<Goal> goals() {
        return List.of(
                Goal.atMost(1, Metric.P99_MICROS, PeerSet.HOLDFAST, PeerSet.QEMU_NONE),
                Goal.atMost(PAUSE_MILLIS_MAX, Metric.PAUSE_MILLIS, PeerSet.HOLDFAST),
                Goal.atMost(PAUSE_MILLIS_MAX, Metric.MAX_MILLIS, PeerSet.HOLDFAST));
    }

    @Override
    public Outcome run(Bench bench) throws IOException {
        Outcome outcome = new Outcome();
        Path safepoints = bench.scratch().file(name + ".safepoints");
        Files.deleteIfExists(safepoints);
        HoldfastServer watched =
                bench.peers().holdfast().withJavaOptions(List.of("-Xlog:safepoint:file=" + safepoints));
        Contender holdfast = bench.peers().get(PeerSet.HOLDFAST);
        holdfast.stop();
        holdfast.prepareWith(watched, Shape.EMPTY);
        double seconds = bench.settings().seconds();
        holdfast.fio(job(bench, bench.settings().warmUpSeconds()));
        rest(holdfast);
        Contender qemu = bench.peers().get(PeerSet.QEMU_NONE);
        long half = halfTheRate(bench, qemu);
        outcome.note("both get %d requests a second".formatted(half));
        int linesBefore = Files.readAllLines(safepoints).size();
        Alternation.run(
                bench,
                outcome,
                metric(),
                List.of(
                        new Alternation.Named<>(PeerSet.HOLDFAST, holdfast),
                        new Alternation.Named<>(PeerSet.QEMU_NONE, qemu)),
                bench.settings().runs(),
                (contender, round) -> {
                    FioJob job = job(bench, seconds).limitedTo(half);
                    return contender.measure(job, ending());
                });
        outcome.add(
                PeerSet.HOLDFAST,
                Metric.PAUSE_MILLIS,
                Safepoints.longestMillis(Files.readAllLines(safepoints).stream()
                        .skip(linesBefore)
                        .toList()));
        outcome.note("the longest latency includes what the disk itself does; a pause is one of the virtual machine");
        bench.peers().stopAll();
        return outcome;
    }

    /** Profiles at half the peer's rate, as in the measurement. */
    @Override
    public void profile(Bench bench, Recordings recordings) throws IOException {
        Contender qemu = bench.peers().get(PeerSet.QEMU_NONE);
        long half = halfTheRate(bench, qemu);
        qemu.stop();
        Contender holdfast = bench.peers().get(PeerSet.HOLDFAST);
        holdfast.prepare(Shape.EMPTY);
        holdfast.fio(job(bench, bench.settings().warmUpSeconds()));
        rest(holdfast);
        recordings.record(
                "",
                holdfast.session().server().orElseThrow().pid(),
                () -> holdfast.measure(job(bench, bench.settings().seconds()).limitedTo(half), ending())
                        .forEach((what, value) -> bench.say("    %-18s %s".formatted(what.label(), what.show(value)))));
        bench.peers().stopAll();
    }

    private long halfTheRate(Bench bench, Contender qemu) throws IOException {
        qemu.prepare(Shape.EMPTY);
        qemu.fio(job(bench, bench.settings().warmUpSeconds(PeerSet.QEMU_NONE)));
        List<Double> rates = new ArrayList<>();
        for (int i = 0; i < bench.settings().runs(); i++) {
            rates.add(qemu.fio(job(bench, bench.settings().seconds())).iops());
        }
        rest(qemu);
        return Math.round(new Series(rates).median() / 2);
    }

    private void rest(Contender contender) throws IOException {
        if (ending() == Ending.FLUSH) {
            contender.flush();
        }
    }

    private Ending ending() {
        return pattern.equals("randread") ? Ending.NONE : Ending.FLUSH;
    }

    private FioJob job(Bench bench, double seconds) {
        FioJob job = FioJob.of(pattern, BLOCK_BYTES, flushing ? 1 : 32)
                .over(0, bench.settings().dataBytes())
                .lasting(seconds);
        return flushing ? job.flushingEachWrite() : job;
    }
}
