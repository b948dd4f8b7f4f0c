package io.holdfast.bench.report;

import io.holdfast.bench.scenario.Scenario;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Results of one or several runs.
 *
 * @param machine facts by name, of the newest run
 */
public record RunReport(Map<String, String> machine, List<ScenarioReport> scenarios) {

    /**
     * Returns these figures, completed from an older report by the scenarios that are missing here. The order is that
     * of {@code known}; other scenarios are left out.
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
