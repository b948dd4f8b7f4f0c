package io.holdfast.bench.scenario;

import io.holdfast.bench.measure.Metric;
import io.holdfast.bench.measure.Outcome;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * Measures several participants in turn, round by round, so that a change in the machine's speed affects all of them.
 * Each round begins with another participant, so that none always runs after the same neighbour.
 */
final class Alternation {
    private Alternation() {}

    /** One measurement of one participant. */
    @FunctionalInterface
    interface Turn<T> {
        Map<Metric, Double> measure(T who, int round) throws IOException;
    }

    /** A participant with its name. */
    record Named<T>(String name, T who) {}

    static <T> void run(Bench bench, Outcome outcome, Metric shown, List<Named<T>> all, int rounds, Turn<T> turn)
            throws IOException {
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < all.size(); i++) {
                Named<T> next = all.get((round + i) % all.size());
                Map<Metric, Double> measured = turn.measure(next.who(), round);
                outcome.add(next.name(), measured);
                bench.say(next.name(), round, measured, shown);
            }
        }
    }
}
