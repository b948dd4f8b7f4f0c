package io.holdfast.cli.metrics;

import io.holdfast.volume.LatencyCounts;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes metrics as text: as OpenMetrics 1.0, or in the older format of Prometheus, 0.0.4. They differ in the names of counters, and in the
 * last line.
 *
 * <p>Invariant: the samples of a metric stand together, behind its name and meaning.
 */
final class MetricWriter {
    private static final double NANOS = 1e9;

    private final StringBuilder out = new StringBuilder(1 << 14);
    private final boolean open;

    /** @param open OpenMetrics; else the older format */
    MetricWriter(boolean open) {
        this.open = open;
    }

    /** Names a sample among those of its metric: names and values in turn. */
    static List<String> labels(String... pairs) {
        return List.of(pairs);
    }

    private void family(String name, String type, String help) {
        String shown = open || !type.equals("counter") ? name : name + "_total";
        out.append("# TYPE ").append(shown).append(' ').append(type).append('\n');
        String unit = unit(name);
        if (open && !unit.isEmpty()) {
            out.append("# UNIT ").append(shown).append(' ').append(unit).append('\n');
        }
        out.append("# HELP ").append(shown).append(' ').append(help).append('\n');
    }

    private static String unit(String name) {
        String last = name.substring(name.lastIndexOf('_') + 1);
        return List.of("bytes", "seconds").contains(last) ? last : "";
    }

    /** Begins a gauge; {@link #sample} follows. */
    MetricWriter gauge(String name, String help) {
        family(name, "gauge", help);
        return this;
    }

    /** Begins a counter, whose name is without {@code _total}; {@link #count} follows. */
    MetricWriter counter(String name, String help) {
        family(name, "counter", help);
        return this;
    }

    /** Begins a histogram of seconds; {@link #times} follows. */
    MetricWriter histogram(String name, String help) {
        family(name, "histogram", help);
        return this;
    }

    void gauge(String name, String help, Number value) {
        gauge(name, help).sample(name, labels(), value);
    }

    void counter(String name, String help, Number value) {
        counter(name, help).count(name, labels(), value);
    }

    MetricWriter sample(String name, List<String> labels, Number value) {
        out.append(name);
        if (!labels.isEmpty()) {
            out.append('{');
            for (int i = 0; i < labels.size(); i += 2) {
                out.append(i == 0 ? "" : ",").append(labels.get(i)).append("=\"");
                escape(labels.get(i + 1));
                out.append('"');
            }
            out.append('}');
        }
        out.append(' ').append(number(value)).append('\n');
        return this;
    }

    MetricWriter count(String name, List<String> labels, Number value) {
        return sample(name + "_total", labels, value);
    }

    /** Writes one bucket for each power of two. */
    MetricWriter times(String name, List<String> labels, LatencyCounts times) {
        long below = 0;
        int last = times.counts().size() - 1;
        for (int i = 0; i < last; i++) {
            below += times.counts().get(i);
            if (Long.bitCount(LatencyCounts.end(i)) == 1) {
                bucket(name, labels, number(LatencyCounts.end(i) / NANOS), below);
            }
        }
        below += times.counts().get(last);
        bucket(name, labels, "+Inf", below);
        sample(name + "_count", labels, below);
        return sample(name + "_sum", labels, times.nanos() / NANOS);
    }

    private void bucket(String name, List<String> labels, String end, long count) {
        List<String> all = new ArrayList<>(labels);
        all.add("le");
        all.add(end);
        sample(name + "_bucket", all, count);
    }

    /** Writes whole numbers as such, and no number with an exponent. */
    static String number(Number value) {
        if (!(value instanceof Double)) {
            return value.toString();
        }
        return new BigDecimal(value.toString()).stripTrailingZeros().toPlainString();
    }

    /** A name may have any character: three of them would end the label or the line. */
    private void escape(String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '\\' -> out.append("\\\\");
                case '"' -> out.append("\\\"");
                case '\n' -> out.append("\\n");
                default -> out.append(c);
            }
        }
    }

    /** Returns the text. */
    String end() {
        return open ? out + "# EOF\n" : out.toString();
    }
}
