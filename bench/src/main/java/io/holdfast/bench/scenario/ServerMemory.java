package io.holdfast.bench.scenario;

import io.holdfast.bench.fio.FioJob;
import io.holdfast.bench.host.ProcessUsage;
import io.holdfast.bench.measure.Goal;
import io.holdfast.bench.measure.Metric;
import io.holdfast.bench.measure.Outcome;
import io.holdfast.bench.peer.PeerSet;
import io.holdfast.bench.profile.Recordings;
import java.io.IOException;
import java.util.List;

/** The server's peak of resident memory, after all kinds of work in sequence. */
final class ServerMemory implements Scenario {
    private static final long MEMORY_BYTES = 512L << 20;
    private static final int KIB_4 = 4096;
    private static final int MIB = 1 << 20;

    @Override
    public String name() {
        return "memory";
    }

    @Override
    public String title() {
        return "server memory with `--memory 512M`, beyond those 512 MiB";
    }

    @Override
    public Metric metric() {
        return Metric.PEAK_OVER_LIMIT_MIB;
    }

    @Override
    public List<Goal> goals() {
        return List.of(Goal.atMost(200, Metric.PEAK_OVER_LIMIT_MIB, PeerSet.HOLDFAST));
    }

    @Override
    public Outcome run(Bench bench) throws IOException {
        Outcome outcome = new Outcome();
        try (OwnVolume own = make(bench)) {
            work(bench, own);
            long pid = own.session().server().orElseThrow().pid();
            double beyond = (ProcessUsage.of(pid).peakBytes() - MEMORY_BYTES) / (double) MIB;
            outcome.add(PeerSet.HOLDFAST, Metric.PEAK_OVER_LIMIT_MIB, beyond);
            bench.say("    " + metric().show(beyond));
        }
        return outcome;
    }

    @Override
    public void profile(Bench bench, Recordings recordings) throws IOException {
        try (OwnVolume own = make(bench)) {
            recordings.record("", own.session().server().orElseThrow().pid(), () -> work(bench, own));
        }
    }

    private static OwnVolume make(Bench bench) throws IOException {
        long file = bench.settings().quick() ? 640L << 20 : 4L << 30;
        OwnVolume own = OwnVolume.make(
                bench, bench.peers().holdfast().named("memory").withMemory(MEMORY_BYTES), file * 2, file);
        own.fill();
        return own;
    }

    private static void work(Bench bench, OwnVolume own) throws IOException {
        long file = own.fileBytes();
        for (FioJob job : List.of(
                FioJob.of("randwrite", KIB_4, 32).over(0, file),
                FioJob.of("randread", KIB_4, 32).over(0, file),
                FioJob.of("randrw", KIB_4, 32).over(0, file).reading(50).onConnections(4),
                FioJob.of("write", MIB, 32).over(0, file),
                FioJob.of("read", MIB, 32).over(0, file))) {
            own.fio(job.lasting(bench.settings().seconds()));
        }
    }
}
