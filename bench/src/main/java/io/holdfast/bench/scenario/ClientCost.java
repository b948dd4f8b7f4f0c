package io.holdfast.bench.scenario;

import io.holdfast.bench.fio.FioJob;
import io.holdfast.bench.fio.FioResult;
import io.holdfast.bench.measure.Metric;
import io.holdfast.bench.measure.Outcome;
import java.io.IOException;

/** What something that is done with a volume costs its clients: 4 KiB random writes, many at a time, alone and beside it. */
abstract class ClientCost implements Scenario {
    static final int BLOCK_BYTES = 4096;
    static final int MIB = 1 << 20;
    static final String ALONE = "clients alone";
    private static final int QUEUE_DEPTH = 32;

    private final String name;
    private final long roomBytes;

    /** @param roomBytes free in the volume, beside the clients' file */
    ClientCost(String name, long roomBytes) {
        this.name = name;
        this.roomBytes = roomBytes;
    }

    @Override
    public final String name() {
        return name;
    }

    /** Makes a volume with a file that is written from its begin to its end. */
    final OwnVolume make(Bench bench) throws IOException {
        long data = bench.settings().dataBytes();
        OwnVolume own = OwnVolume.make(bench, bench.peers().holdfast().named(name), data + roomBytes, data);
        own.fill();
        own.checkpoint();
        own.flush();
        return own;
    }

    /** Returns for how long clients run at a time. */
    static double seconds(Bench bench) {
        return bench.settings().seconds() * 3;
    }

    static FioJob clients(OwnVolume own, double seconds) {
        return FioJob.of("randwrite", BLOCK_BYTES, QUEUE_DEPTH)
                .over(0, own.fileBytes())
                .lasting(seconds);
    }

    /** Lets clients run alone, and then beside what they are to bear; as often as the bench wants. */
    final void measure(Bench bench, Outcome outcome, OwnVolume own) throws IOException {
        own.fio(clients(own, bench.settings().warmUpSeconds()));
        for (int i = 0; i < bench.settings().runs(); i++) {
            note(bench, outcome, ALONE, own.fio(clients(own, seconds(bench))));
            own.flush();
            beside(bench, outcome, own);
            own.flush();
            afterRun(bench, outcome, own);
        }
    }

    /** Lets clients run beside what they are to bear. */
    abstract void beside(Bench bench, Outcome outcome, OwnVolume own) throws IOException;

    /** Called after each run, when no client runs. */
    void afterRun(Bench bench, Outcome outcome, OwnVolume own) throws IOException {}

    static void note(Bench bench, Outcome outcome, String what, FioResult result) {
        outcome.add(what, Metric.IOPS, result.iops());
        outcome.add(what, Metric.P99_MICROS, result.p99Micros());
        bench.say("    %s %.0f requests/s, p99 %.0f µs".formatted(what, result.iops(), result.p99Micros()));
    }
}
