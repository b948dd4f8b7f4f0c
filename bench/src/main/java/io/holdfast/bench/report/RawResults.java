package io.holdfast.bench.report;

import io.holdfast.bench.measure.Goal;
import io.holdfast.bench.measure.Metric;
import io.holdfast.bench.measure.Series;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Writes a run as JSON: every value of every round. */
public final class RawResults {
    private RawResults() {}

    public static String of(RunReport run) {
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("when", run.when());
        root.put("command", run.command());
        root.put("machine", run.machine());
        root.put("remarks", run.remarks());
        List<Object> scenarios = new ArrayList<>();
        run.scenarios().forEach(report -> scenarios.add(scenario(report)));
        root.put("scenarios", scenarios);
        return JsonMapper.builder()
                        .enable(SerializationFeature.INDENT_OUTPUT)
                        .build()
                        .writeValueAsString(root)
                + "\n";
    }

    private static Map<String, Object> scenario(ScenarioReport report) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (String who : report.outcome().participants()) {
            Map<String, Object> metrics = new LinkedHashMap<>();
            report.outcome().of(who).forEach((metric, series) -> metrics.put(key(metric), series.values()));
            values.put(who, metrics);
        }
        Map<String, Object> scenario = new LinkedHashMap<>();
        scenario.put("name", report.scenario().name());
        scenario.put("title", report.scenario().title());
        scenario.put("values", values);
        scenario.put("goals", report.results().stream().map(RawResults::goal).toList());
        scenario.put("notes", report.outcome().notes());
        return scenario;
    }

    private static Map<String, Object> goal(Goal.Result result) {
        Map<String, Object> goal = new LinkedHashMap<>();
        goal.put("who", result.goal().who());
        goal.put("metric", key(result.goal().metric()));
        result.goal().against().ifPresent(against -> goal.put("against", against));
        goal.put("relation", result.goal().relation().sign());
        goal.put("bound", result.goal().bound());
        result.compared().map(Series::median).ifPresent(median -> goal.put("measured", median));
        goal.put("verdict", result.verdict().name().toLowerCase(Locale.ROOT));
        return goal;
    }

    private static String key(Metric metric) {
        return metric.name().toLowerCase(Locale.ROOT);
    }
}
