package io.holdfast.bench.scenario;

import io.holdfast.bench.fio.FioJob;
import io.holdfast.bench.host.CompilerUsage;
import io.holdfast.bench.measure.Goal;
import io.holdfast.bench.measure.Metric;
import io.holdfast.bench.measure.Outcome;
import io.holdfast.bench.peer.Contender;
import io.holdfast.bench.peer.Contender.Ending;
import io.holdfast.bench.peer.PeerSet;
import io.holdfast.bench.peer.Shape;
import io.holdfast.bench.profile.Recordings;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * fio against several participants, in turn.
 *
 * <p>With {@link Caches#AS_THEY_ARE} the servers run through all rounds, and each begins with a warm-up of the same
 * kind. Holdfast's goes on until the virtual machine has compiled it: a server runs for months, and compiling takes a
 * part of its first minute. With {@link Caches#COLD} each round begins with a new server and empty caches of the kernel. A warm-up in the
 * first part of the disk gets the server's code compiled; the measurement reads the rest, no block twice. With
 * {@link Caches#WARM} the warm-up reads the whole range once, and an idle client stays connected all the time.
 */
record FioScenario(
        String name,
        String title,
        Metric metric,
        List<String> participants,
        Shape shape,
        Caches caches,
        Plan plan,
        List<Goal> goals)
        implements Scenario {
    /** The longest that a warm-up goes on because of the compilers. */
    private static final double COMPILED_SECONDS_MAX = 90;

    /** The compilers rest when they take no more than this of so many seconds of work. */
    private static final double COMPILED_SHARE = 0.03;

    private static final double COMPILED_LOOK_SECONDS = 5;

    /** The state of the caches at the beginning of a round. */
    enum Caches {
        AS_THEY_ARE,
        COLD,
        WARM
    }

    /** Makes the jobs; called for each measurement. */
    @FunctionalInterface
    interface Plan {
        Jobs of(Bench bench, Contender contender) throws IOException;
    }

    /**
     * The jobs for one participant.
     *
     * @param ending whether to flush before the next participant's turn
     */
    record Jobs(List<FioJob> warmUp, FioJob measured, Ending ending) {}

    @Override
    public Outcome run(Bench bench) throws IOException {
        Outcome outcome = new Outcome();
        List<Alternation.Named<Contender>> present = new ArrayList<>();
        for (String participant : wanted(bench)) {
            Contender contender = bench.peers().get(participant);
            contender.prepare(shape);
            if (caches == Caches.COLD) {
                contender.stop();
            } else {
                warmUp(bench, contender);
            }
            present.add(new Alternation.Named<>(participant, contender));
        }
        Alternation.run(
                bench, outcome, metric, present, bench.settings().runs(), (contender, round) -> turn(bench, contender));
        bench.peers().stopAll();
        return outcome;
    }

    private List<String> wanted(Bench bench) {
        return participants.stream()
                .filter(who -> bench.settings().wants(who))
                .filter(who -> !bench.settings().quick() || Goals.mentions(goals, who))
                .toList();
    }

    private Map<Metric, Double> turn(Bench bench, Contender contender) throws IOException {
        if (caches == Caches.COLD) {
            contender.stop();
            bench.scratch().dropCaches();
        }
        if (!contender.isRunning()) {
            contender.prepare(Shape.EMPTY);
            warmUp(bench, contender);
        }
        Jobs jobs = plan.of(bench, contender);
        Map<Metric, Double> measured = contender.measure(jobs.measured, jobs.ending);
        if (caches == Caches.COLD) {
            contender.stop();
        }
        return measured;
    }

    private void warmUp(Bench bench, Contender contender) throws IOException {
        if (caches == Caches.WARM) {
            contender.holdOpen();
        }
        Jobs jobs = plan.of(bench, contender);
        for (FioJob job : jobs.warmUp) {
            contender.fio(job);
        }
        if (jobs.ending != Ending.NONE) {
            contender.flush();
        }
        if (caches == Caches.AS_THEY_ARE && !bench.settings().quick()) {
            awaitCompiled(bench, contender, jobs);
        }
    }

    private void awaitCompiled(Bench bench, Contender contender, Jobs jobs) throws IOException {
        if (!contender.name().equals(PeerSet.HOLDFAST)) {
            return;
        }
        long pid = contender.session().server().orElseThrow().pid();
        double worked = 0;
        double share;
        do {
            double seconds = 0;
            double compiling = 0;
            while (seconds < COMPILED_LOOK_SECONDS) {
                try (CompilerUsage compilers = new CompilerUsage(pid)) {
                    seconds += contender.fio(jobs.measured).seconds();
                    compiling += compilers.seconds();
                }
                if (jobs.ending != Ending.NONE) {
                    contender.flush();
                }
            }
            worked += seconds;
            share = compiling / seconds;
        } while (share > COMPILED_SHARE && worked < COMPILED_SECONDS_MAX);
        bench.say("    %s: after %.0f s more of warm-up its compilers take %.0f %% of a processor"
                .formatted(name, worked, share * 100));
    }

    /** Warms up first and records only the measured part. */
    @Override
    public void profile(Bench bench, Recordings recordings) throws IOException {
        Contender contender = bench.peers().get(PeerSet.HOLDFAST);
        contender.prepare(shape);
        contender.stop();
        contender.prepareWith(bench.peers().holdfast(), Shape.EMPTY);
        warmUp(bench, contender);
        Jobs jobs = plan.of(bench, contender);
        recordings.record(
                "",
                contender.session().server().orElseThrow().pid(),
                () -> contender
                        .measure(jobs.measured, jobs.ending)
                        .forEach((what, value) -> bench.say("    %-18s %s".formatted(what.label(), what.show(value)))));
        bench.peers().stopAll();
    }
}
