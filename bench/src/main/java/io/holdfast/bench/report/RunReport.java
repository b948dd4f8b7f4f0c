package io.holdfast.bench.report;

import io.holdfast.bench.scenario.Scenario;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What was measured, by one run or by several.
 *
 * @param machine facts by name, of the newest run
 */
public record RunReport(Map<String, String> machine, List<ScenarioReport> scenarios) {

    /**
     * Returns these figures with those of an older report for scenarios that are not among them, in the order of
     * {@code known}; what is not known any more is left out.
     */
    public RunReport over(RunReport older, List<Scenario> known) {
        List<ScenarioReport> merged = new ArrayList<>();
        for (Scenario scenario : known) {
            scenarios.stream()
                    .filter(report -> report.scenario().name().equals(scenario.name()))
                    .findFirst()
                    .or(() -> older.scenarios.stream()
                            .filter(report -> report.scenario().name().equals(scenario.name()))
                            .findFirst())
                    .ifPresent(merged::add);
        }
        return new RunReport(machine, List.copyOf(merged));
    }
}
