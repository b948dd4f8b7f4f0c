package io.holdfast.bench.report;

import io.holdfast.bench.measure.Goal;
import io.holdfast.bench.measure.Outcome;
import io.holdfast.bench.scenario.Scenario;
import java.util.List;

/** A scenario that was run. */
public record ScenarioReport(Scenario scenario, Origin origin, Outcome outcome) {
    public List<Goal.Result> results() {
        return scenario.goals().stream().map(goal -> goal.evaluate(outcome)).toList();
    }
}
