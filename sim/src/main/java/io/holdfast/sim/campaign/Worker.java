package io.holdfast.sim.campaign;

import io.holdfast.sim.Result;
import io.holdfast.sim.Scenario;
import io.holdfast.sim.Simulation;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Runs one seed after the other in a process of its own, because only one simulation runs at a time in a process.
 * Reports on standard output. Ends when its standard input ends, so that no worker is left when its parent process is
 * killed.
 */
final class Worker {
    /** Every line begins with one of these. */
    static final String BEGIN = "begin ";

    static final String DONE = "done ";
    static final String FAILED = "failed ";
    static final String SHRUNK = "shrunk ";
    static final String WHY = "why ";

    private final Replay replay;
    private final PrintStream out;
    private volatile boolean told;

    Worker(Replay replay, PrintStream out) {
        this.replay = replay;
        this.out = out;
    }

    /** Runs the seeds of {@code first}, {@code first + step}, … until told to end, or one fails. */
    void run(long first, long step) {
        Thread.ofPlatform().daemon().name("end").start(this::awaitEnd);
        long number = first;
        boolean failed = false;
        while (!failed && !told) {
            Scenario scenario = replay.apply(Scenario.of(Scenario.seed(number)));
            say(BEGIN + scenario.seed());
            Result result = Simulation.run(scenario);
            say(DONE + Tally.of(result).line());
            failed = result.failed();
            if (failed) {
                tell(result);
            }
            number += step;
        }
    }

    private void tell(Result result) {
        say(FAILED + Replay.optionsOf(result.scenario()));
        why(result);
        Result shrunk = Shrinker.shrink(result);
        say(SHRUNK + Replay.optionsOf(shrunk.scenario()));
        why(shrunk);
    }

    private void why(Result result) {
        String.valueOf(result.violation()).lines().forEach(line -> say(WHY + line));
    }

    private void awaitEnd() {
        try {
            // The parent never sends anything: this returns when it has ended.
            System.in.skipNBytes(Long.MAX_VALUE);
        } catch (IOException e) {
            told = true;
        }
    }

    private void say(String line) {
        byte[] bytes = (line + "\n").getBytes(StandardCharsets.UTF_8);
        out.write(bytes, 0, bytes.length);
        out.flush();
    }
}
