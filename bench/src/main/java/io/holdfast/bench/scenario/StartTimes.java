package io.holdfast.bench.scenario;

import io.holdfast.bench.fio.FioJob;
import io.holdfast.bench.host.Command;
import io.holdfast.bench.measure.Goal;
import io.holdfast.bench.measure.Metric;
import io.holdfast.bench.measure.Outcome;
import io.holdfast.bench.peer.HoldfastServer;
import io.holdfast.bench.profile.Recordings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The time until a command has answered, and until a server is ready, also after a kill. */
final class StartTimes implements Scenario {
    private static final String VERSION = "holdfast --version";
    private static final String PEER_VERSION = "qemu-nbd --version";
    private static final String SERVE = "serve, ready";
    private static final String AFTER_KILL = "serve, ready after kill -9";
    private static final int BLOCK_BYTES = 4096;
    /**
     * Just below the number of records at which a checkpoint begins (core's Checkpointer): the log is as full as it
     * gets.
     */
    private static final long RECORDS_FULL = 56_000;

    private static final long RECORDS_QUICK = 4_000;
    private static final int WRITES_A_STEP = 4_000;
    private static final int CONNECTIONS = 4;

    @Override
    public String name() {
        return "start";
    }

    @Override
    public String title() {
        return "starting";
    }

    @Override
    public Metric metric() {
        return Metric.SECONDS;
    }

    @Override
    public List<Goal> goals() {
        return List.of(
                Goal.atMost(0.6, Metric.SECONDS, SERVE),
                Goal.atMost(2, Metric.SECONDS, AFTER_KILL),
                Goal.atMost(0.25, Metric.SECONDS, VERSION));
    }

    @Override
    public Outcome run(Bench bench) throws IOException {
        Outcome outcome = new Outcome();
        HoldfastServer holdfast = bench.peers().holdfast().named("start");
        for (int i = 0; i < bench.settings().runs(); i++) {
            outcome.add(VERSION, Metric.SECONDS, seconds(holdfast.command("--version")));
            outcome.add(PEER_VERSION, Metric.SECONDS, seconds(List.of("qemu-nbd", "--version")));
        }
        long file = bench.settings().quick() ? 128L << 20 : 512L << 20;
        try (OwnVolume own = OwnVolume.make(bench, holdfast, file * 2, file)) {
            own.fill();
            for (int i = 0; i < bench.settings().runs(); i++) {
                own.restart();
                outcome.add(SERVE, Metric.SECONDS, own.startSeconds());
            }
            fillLog(own, bench.settings().quick() ? RECORDS_QUICK : RECORDS_FULL);
            own.kill();
            Path full = bench.scratch().file("full-log.holdfast");
            own.copyTo(full);
            for (int i = 0; i < bench.settings().runs(); i++) {
                if (i > 0) {
                    own.kill();
                    own.copyFrom(full);
                }
                own.start();
                outcome.add(AFTER_KILL, Metric.SECONDS, own.startSeconds());
                outcome.add(AFTER_KILL, Metric.RECORDS_RECOVERED, (double)
                        own.volume().recovery().records());
                bench.say("    after kill -9: %.2f s, %d records"
                        .formatted(own.startSeconds(), own.volume().recovery().records()));
            }
            Files.delete(full);
        }
        outcome.of(AFTER_KILL, Metric.RECORDS_RECOVERED)
                .ifPresent(records -> outcome.note("recovery read %.0f log records".formatted(records.median())));
        return outcome;
    }

    /** Records a virtual machine from its start, through the recovery of a full log, to the server's end. */
    @Override
    public void profile(Bench bench, Recordings recordings) throws IOException {
        HoldfastServer holdfast = bench.peers().holdfast().named("start");
        long file = bench.settings().quick() ? 128L << 20 : 512L << 20;
        try (OwnVolume own = OwnVolume.make(bench, holdfast, file * 2, file)) {
            own.fill();
            fillLog(own, bench.settings().quick() ? RECORDS_QUICK : RECORDS_FULL);
            own.kill();
            own.start(holdfast.withJavaOptions(recordings.fromStart("after-kill")));
            bench.say("    after kill -9: %.2f s, with the recorder".formatted(own.startSeconds()));
        }
    }

    /** Writes, one record each, until the log since the last checkpoint has nearly its maximum length. */
    private static void fillLog(OwnVolume own, long records) throws IOException {
        own.checkpoint();
        long before = own.counters().logRecords();
        long checkpoints = own.counters().checkpoints();
        while (own.counters().logRecords() - before < records && own.counters().checkpoints() == checkpoints) {
            own.fio(FioJob.of("randwrite", BLOCK_BYTES, 1)
                    .over(0, own.fileBytes())
                    .moving((long) WRITES_A_STEP * BLOCK_BYTES / CONNECTIONS)
                    .onConnections(CONNECTIONS)
                    .flushingEachWrite());
        }
    }

    private static double seconds(List<String> command) throws IOException {
        long began = System.nanoTime();
        Command.run(command);
        return (System.nanoTime() - began) / 1e9;
    }
}
