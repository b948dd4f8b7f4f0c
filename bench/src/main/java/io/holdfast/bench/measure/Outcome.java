package io.holdfast.bench.measure;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The results of a scenario: for each participant and each metric one value a round. One thread fills it. */
public final class Outcome {
    private final Map<String, Map<Metric, List<Double>>> values = new LinkedHashMap<>();
    private final List<String> notes = new ArrayList<>();

    public void add(String who, Metric metric, double value) {
        values.computeIfAbsent(who, w -> new LinkedHashMap<>())
                .computeIfAbsent(metric, m -> new ArrayList<>())
                .add(value);
    }

    public void add(String who, Map<Metric, Double> measured) {
        measured.forEach((metric, value) -> add(who, metric, value));
    }

    /** Adds a note for the reader of the table, such as what was left out and why. */
    public void note(String text) {
        if (!notes.contains(text)) {
            notes.add(text);
        }
    }

    public List<String> notes() {
        return List.copyOf(notes);
    }

    /** Returns the participants, in the order of the first round. */
    public List<String> participants() {
        return List.copyOf(values.keySet());
    }

    public Map<Metric, Series> of(String who) {
        Map<Metric, Series> series = new LinkedHashMap<>();
        values.getOrDefault(who, Map.of()).forEach((metric, list) -> series.put(metric, new Series(list)));
        return series;
    }

    public Optional<Series> of(String who, Metric metric) {
        return Optional.ofNullable(values.getOrDefault(who, Map.of()).get(metric))
                .map(Series::new);
    }
}
