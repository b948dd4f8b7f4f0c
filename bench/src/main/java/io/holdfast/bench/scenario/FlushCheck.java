package io.holdfast.bench.scenario;

import io.holdfast.bench.fio.FioJob;
import io.holdfast.bench.fio.FioResult;
import io.holdfast.bench.measure.Goal;
import io.holdfast.bench.measure.Metric;
import io.holdfast.bench.measure.Outcome;
import io.holdfast.bench.peer.Contender;
import io.holdfast.bench.peer.PeerSet;
import io.holdfast.bench.peer.Shape;
import io.holdfast.bench.profile.Recordings;
import java.io.IOException;
import java.util.List;

/**
 * Checks the measurements: does a flush really reach the disk? It sends flushed writes one by one, while the kernel
 * counts the disk's flushes. Fewer than one for each write means that the peer answers without flushing.
 */
final class FlushCheck implements Scenario {
    private static final int BLOCK_BYTES = 4096;
    private static final long WRITES = 100;

    @Override
    public String name() {
        return "flush-check";
    }

    @Override
    public String title() {
        return "does a flush reach the disk";
    }

    @Override
    public Metric metric() {
        return Metric.FLUSHES_PER_FLUSH;
    }

    @Override
    public List<Goal> goals() {
        return List.of();
    }

    @Override
    public Outcome run(Bench bench) throws IOException {
        Outcome outcome = new Outcome();
        List<String> asked = bench.settings().quick()
                ? List.of(PeerSet.HOLDFAST, PeerSet.QEMU_NONE, PeerSet.QEMU_BTRFS)
                : PeerSet.names();
        for (String name : asked) {
            if (!bench.settings().wants(name)) {
                continue;
            }
            Contender contender = bench.peers().get(name);
            contender.prepare(Shape.EMPTY);
            long before = bench.scratch().device().flushes();
            FioResult result = contender.fio(job(bench));
            double reached = (bench.scratch().device().flushes() - before) / (double) result.flushes();
            outcome.add(name, Metric.FLUSHES_PER_FLUSH, reached);
            bench.say("    %-24s %s".formatted(name, metric().show(reached)));
            if (reached < 0.95) {
                outcome.note(
                        name.equals(PeerSet.NBDKIT_MEMORY)
                                ? name + " keeps nothing, as its name says"
                                : name + " answers flushes without one of the disk: its figures are not comparable");
            }
            contender.stop();
        }
        outcome.note("flushes of other processes count too, so more than 1 says nothing");
        return outcome;
    }

    @Override
    public void profile(Bench bench, Recordings recordings) throws IOException {
        Contender holdfast = bench.peers().get(PeerSet.HOLDFAST);
        holdfast.prepare(Shape.EMPTY);
        recordings.record("", holdfast.session().server().orElseThrow().pid(), () -> holdfast.fio(job(bench)));
        holdfast.stop();
    }

    private static FioJob job(Bench bench) {
        return FioJob.of("randwrite", BLOCK_BYTES, 1)
                .over(0, bench.settings().dataBytes())
                .moving(WRITES * BLOCK_BYTES)
                .flushingEachWrite();
    }
}
