package io.holdfast.bench.report;

import io.holdfast.bench.measure.Goal;
import io.holdfast.bench.measure.Metric;
import io.holdfast.bench.measure.Outcome;
import io.holdfast.bench.measure.Series;
import io.holdfast.bench.scenario.Scenario;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Writes a report as JSON, with every value of every round, and reads it again. */
public final class RawResults {
    private RawResults() {}

    public static String of(RunReport run) {
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("machine", run.machine());
        List<Object> scenarios = new ArrayList<>();
        run.scenarios().forEach(report -> scenarios.add(scenario(report)));
        root.put("scenarios", scenarios);
        return JsonMapper.builder()
                        .enable(SerializationFeature.INDENT_OUTPUT)
                        .build()
                        .writeValueAsString(root)
                + "\n";
    }

    /** Reads what {@link #of} wrote; scenarios that are not among {@code known} are left out. */
    public static RunReport read(String json, List<Scenario> known) {
        JsonNode root = JsonMapper.builder().build().readTree(json);
        Map<String, String> machine = new LinkedHashMap<>();
        root.path("machine")
                .propertyStream()
                .forEach(fact -> machine.put(fact.getKey(), fact.getValue().asString()));
        List<ScenarioReport> reports = new ArrayList<>();
        for (JsonNode node : root.path("scenarios")) {
            known.stream()
                    .filter(scenario -> scenario.name().equals(node.path("name").asString()))
                    .findFirst()
                    .ifPresent(scenario -> reports.add(new ScenarioReport(scenario, origin(node), outcome(node))));
        }
        return new RunReport(machine, reports);
    }

    private static Origin origin(JsonNode node) {
        return new Origin(
                node.path("when").asString(),
                node.path("command").asString(),
                node.path("version").asString(),
                strings(node.path("remarks")));
    }

    private static List<String> strings(JsonNode array) {
        return array.valueStream().map(JsonNode::asString).toList();
    }

    private static Outcome outcome(JsonNode node) {
        Outcome outcome = new Outcome();
        node.path("values")
                .propertyStream()
                .forEach(who -> who.getValue()
                        .propertyStream()
                        .forEach(metric -> metric.getValue()
                                .valueStream()
                                .forEach(value -> outcome.add(
                                        who.getKey(),
                                        Metric.valueOf(metric.getKey().toUpperCase(Locale.ROOT)),
                                        value.asDouble()))));
        strings(node.path("notes")).forEach(outcome::note);
        return outcome;
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
        scenario.put("when", report.origin().when());
        scenario.put("command", report.origin().command());
        scenario.put("version", report.origin().version());
        scenario.put("remarks", report.origin().remarks());
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
