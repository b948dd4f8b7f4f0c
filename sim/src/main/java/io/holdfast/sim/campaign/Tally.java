package io.holdfast.sim.campaign;

import io.holdfast.inject.Point;
import io.holdfast.sim.Result;
import io.holdfast.sim.disk.FaultKind;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** The sums over simulations. They are written as one line, so that a worker can report them to its parent process. */
final class Tally {
    private static final String FAULT = "fault.";
    private static final String POINT = "point.";
    private static final double NANOS_PER_HOUR = 3600e9;

    private final TreeMap<String, Long> counts = new TreeMap<>();

    static Tally of(Result result) {
        Tally tally = new Tally();
        tally.put("seeds", 1);
        tally.put("nanos", result.nanos());
        tally.put("operations", result.operations());
        tally.put("recoveries", result.recoveries());
        tally.put("steps", result.steps());
        result.faults().forEach((kind, n) -> tally.put(FAULT + kind, n));
        result.points().forEach((point, n) -> tally.put(POINT + point, n));
        return tally;
    }

    /** Parses the output of {@link #line}. */
    static Tally parse(String line) {
        Tally tally = new Tally();
        for (String part : line.split(" ", -1)) {
            int equals = part.indexOf('=');
            tally.put(part.substring(0, equals), Long.parseLong(part.substring(equals + 1)));
        }
        return tally;
    }

    String line() {
        List<String> parts = new ArrayList<>();
        counts.forEach((name, n) -> parts.add(name + "=" + n));
        return String.join(" ", parts);
    }

    private void put(String name, long n) {
        counts.put(name, n);
    }

    void add(Tally other) {
        other.counts.forEach((name, n) -> counts.merge(name, n, Long::sum));
    }

    long get(String name) {
        return counts.getOrDefault(name, 0L);
    }

    /** Returns the sums in one line for people. */
    String summary() {
        long faults = sum(FAULT);
        long passed = List.of(Point.values()).stream()
                .filter(point -> get(POINT + point) > 0)
                .count();
        return "%,d seeds, %.2f simulated hours, %,d operations, %,d recoveries, %,d faults, %d of %d injection points"
                .formatted(
                        get("seeds"),
                        get("nanos") / NANOS_PER_HOUR,
                        get("operations"),
                        get("recoveries"),
                        faults,
                        passed,
                        Point.values().length);
    }

    private long sum(String prefix) {
        return counts.subMap(prefix, prefix + Character.MAX_VALUE).values().stream()
                .mapToLong(Long::longValue)
                .sum();
    }

    /** Returns every fault and every injection point with its count, even if that is 0. */
    List<String> details() {
        List<String> lines = new ArrayList<>();
        lines.add("faults:");
        for (FaultKind kind : FaultKind.values()) {
            lines.add(row(kind.name(), get(FAULT + kind)));
        }
        lines.add("injection points passed:");
        for (Point point : Point.values()) {
            lines.add(row(point.name(), get(POINT + point)));
        }
        return lines;
    }

    private static String row(String name, long n) {
        return "  %-26s %,15d".formatted(name, n);
    }
}
