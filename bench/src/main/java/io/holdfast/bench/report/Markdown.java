package io.holdfast.bench.report;

import io.holdfast.bench.measure.Goal;
import io.holdfast.bench.measure.Metric;
import io.holdfast.bench.measure.Series;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Writes a run as tables for docs/PERFORMANCE.md. */
public final class Markdown {
    private final StringBuilder out = new StringBuilder();

    private Markdown() {}

    public static String of(RunReport run) {
        Markdown markdown = new Markdown();
        markdown.head(run);
        markdown.goals(run);
        markdown.everybody(run);
        return markdown.out.toString();
    }

    private void line(String text) {
        out.append(text).append('\n');
    }

    private void head(RunReport run) {
        line("| | |");
        line("|---|---|");
        run.machine().forEach((name, value) -> line("| %s | %s |".formatted(name, cell(value))));
        line("");
        // Records with the same values are equal, so this groups the scenarios by run.
        Map<Origin, List<String>> origins = new LinkedHashMap<>();
        run.scenarios()
                .forEach(report -> origins.computeIfAbsent(report.origin(), o -> new ArrayList<>())
                        .add("`" + report.scenario().name() + "`"));
        origins.forEach((origin, names) -> line("- `%s`, %s, Holdfast %s%s. %s"
                .formatted(
                        origin.command(),
                        origin.when(),
                        origin.version(),
                        origins.size() == 1 ? "" : ", of which: " + String.join(" ", names),
                        String.join(" ", origin.remarks()))));
        line("");
    }

    private void goals(RunReport run) {
        line(
                "Medians; in brackets the least and the most of all rounds. A ratio is the median of the ratios of the rounds.");
        line("");
        line("| scenario | | Holdfast | compared with | ratio | goal | |");
        line("|---|---|---|---|---|---|---|");
        for (ScenarioReport report : run.scenarios()) {
            for (Goal.Result result : report.results()) {
                goal(report, result);
            }
        }
        line("");
    }

    private void goal(ScenarioReport report, Goal.Result result) {
        Goal goal = result.goal();
        boolean ratio = goal.against().isPresent();
        String compared = goal.against()
                .map(who -> who + " "
                        + result.theirs()
                                .map(s -> goal.metric().show(s.median()))
                                .orElse("–"))
                .orElse("");
        String bound = goal.relation().sign() + " "
                + (ratio ? plain(goal.bound()) : goal.metric().show(goal.bound()));
        line("| `%s` %s | %s | %s | %s | %s | %s | %s |"
                .formatted(
                        report.scenario().name(),
                        report.scenario().title(),
                        goal.metric().label() + (goal.who().equals("holdfast") ? "" : ", " + goal.who()),
                        result.ours().map(s -> spread(goal.metric(), s)).orElse("–"),
                        compared,
                        ratio ? result.compared().map(Markdown::ratio).orElse("–") : "",
                        bound,
                        result.verdict().word()));
    }

    private void everybody(RunReport run) {
        line("Everybody who took part:");
        line("");
        line("| scenario | who | | p99 latency | CPU of the server |");
        line("|---|---|---|---|---|");
        for (ScenarioReport report : run.scenarios()) {
            for (String who : report.outcome().participants()) {
                Map<Metric, Series> measured = report.outcome().of(who);
                line("| `%s` | %s | %s | %s | %s |"
                        .formatted(
                                report.scenario().name(),
                                who,
                                show(measured, report.scenario().metric()),
                                show(measured, Metric.P99_MICROS),
                                show(measured, Metric.CPU_SECONDS_PER_GIB)));
            }
        }
        line("");
        run.scenarios()
                .forEach(report -> report.outcome()
                        .notes()
                        .forEach(note ->
                                line("- `%s`: %s".formatted(report.scenario().name(), note))));
    }

    private static String show(Map<Metric, Series> measured, Metric metric) {
        return Optional.ofNullable(measured.get(metric))
                .map(series -> spread(metric, series))
                .orElse("");
    }

    private static String spread(Metric metric, Series series) {
        String median = metric.show(series.median());
        return series.values().size() == 1
                ? median
                : "%s [%s–%s]".formatted(median, metric.number(series.min()), metric.number(series.max()));
    }

    private static String ratio(Series series) {
        return String.format(Locale.ROOT, "**%.2f** [%.2f–%.2f]", series.median(), series.min(), series.max());
    }

    private static String plain(double bound) {
        return bound == Math.rint(bound) ? Long.toString((long) bound) : Double.toString(bound);
    }

    private static String cell(String text) {
        return text.replace("|", "\\|");
    }
}
