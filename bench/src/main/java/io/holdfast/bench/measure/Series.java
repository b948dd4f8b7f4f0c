package io.holdfast.bench.measure;

import java.util.List;

/** The values of one measurement, one for each round, in the order of the rounds. Never empty. */
public record Series(List<Double> values) {
    public Series {
        if (values.isEmpty()) {
            throw new IllegalArgumentException("a series without values");
        }
        values = List.copyOf(values);
    }

    public static Series of(double... values) {
        return new Series(java.util.Arrays.stream(values).boxed().toList());
    }

    /** Returns the median; for an even number of values the mean of the two in the middle. */
    public double median() {
        List<Double> sorted = values.stream().sorted().toList();
        int upper = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(upper) : (sorted.get(upper - 1) + sorted.get(upper)) / 2;
    }

    public double min() {
        return values.stream().mapToDouble(v -> v).min().orElseThrow();
    }

    public double max() {
        return values.stream().mapToDouble(v -> v).max().orElseThrow();
    }

    /**
     * Divides by another series, round by round. The two sides of a round ran one after the other; so if the machine is
     * slow for a while, that affects both sides, and the ratio stays. If one side has fewer rounds, its median stands
     * in for the missing ones: a value that is measured once counts for all rounds.
     */
    public Series over(Series other) {
        int rounds = Math.max(values.size(), other.values.size());
        return new Series(java.util.stream.IntStream.range(0, rounds)
                .mapToObj(round -> at(round) / other.at(round))
                .toList());
    }

    private double at(int round) {
        return round < values.size() ? values.get(round) : median();
    }
}
