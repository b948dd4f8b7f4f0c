package io.holdfast.bench.measure;

import java.util.Optional;

/**
 * A goal of a scenario.
 *
 * @param against the participant by whose value this one is divided; empty: the value itself is compared with the bound
 */
public record Goal(String who, Metric metric, Optional<String> against, Relation relation, double bound) {
    /** Which side of the bound is good. */
    public enum Relation {
        AT_LEAST("≥"),
        AT_MOST("≤");

        private final String sign;

        Relation(String sign) {
            this.sign = sign;
        }

        public String sign() {
            return sign;
        }

        boolean holds(double value, double bound) {
            return this == AT_LEAST ? value >= bound : value <= bound;
        }
    }

    /** The verdict on a goal. */
    public enum Verdict {
        MET("met"),
        NOT_MET("**not met**"),
        NOT_MEASURED("not measured");

        private final String word;

        Verdict(String word) {
            this.word = word;
        }

        public String word() {
            return word;
        }
    }

    /**
     * A goal with the measured values.
     *
     * @param compared the ratios, or the values themselves if the goal has no other side; empty if a side was not
     *     measured
     */
    public record Result(Goal goal, Optional<Series> ours, Optional<Series> theirs, Optional<Series> compared) {
        public Verdict verdict() {
            return compared.map(
                            series -> goal.relation.holds(series.median(), goal.bound) ? Verdict.MET : Verdict.NOT_MET)
                    .orElse(Verdict.NOT_MEASURED);
        }
    }

    /** Demands that the value divided by a peer's is at least {@code bound}. */
    public static Goal atLeast(double bound, Metric metric, String who, String against) {
        return new Goal(who, metric, Optional.of(against), Relation.AT_LEAST, bound);
    }

    /** Demands that the value divided by a peer's is at most {@code bound}. */
    public static Goal atMost(double bound, Metric metric, String who, String against) {
        return new Goal(who, metric, Optional.of(against), Relation.AT_MOST, bound);
    }

    /** Demands that the value itself is at least {@code bound}. */
    public static Goal atLeast(double bound, Metric metric, String who) {
        return new Goal(who, metric, Optional.empty(), Relation.AT_LEAST, bound);
    }

    /** Demands that the value itself is at most {@code bound}. */
    public static Goal atMost(double bound, Metric metric, String who) {
        return new Goal(who, metric, Optional.empty(), Relation.AT_MOST, bound);
    }

    public Result evaluate(Outcome outcome) {
        Optional<Series> ours = outcome.of(who, metric);
        if (against.isEmpty()) {
            return new Result(this, ours, Optional.empty(), ours);
        }
        Optional<Series> theirs = outcome.of(against.get(), metric);
        Optional<Series> ratio = ours.flatMap(o -> theirs.map(o::over));
        return new Result(this, ours, theirs, ratio);
    }
}
