package io.holdfast.bench.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.bench.measure.Goal;
import io.holdfast.bench.measure.Metric;
import io.holdfast.bench.measure.Outcome;
import io.holdfast.bench.scenario.Bench;
import io.holdfast.bench.scenario.Scenario;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ReportTest {
    private static final class Made implements Scenario {
        @Override
        public String name() {
            return "made";
        }

        @Override
        public String title() {
            return "made up";
        }

        @Override
        public Metric metric() {
            return Metric.IOPS;
        }

        @Override
        public List<Goal> goals() {
            return List.of(
                    Goal.atLeast(2, Metric.IOPS, "holdfast", "peer"),
                    Goal.atLeast(1, Metric.IOPS, "holdfast", "absent"),
                    Goal.atMost(0.5, Metric.SECONDS, "holdfast"));
        }

        @Override
        public Outcome run(Bench bench) {
            Outcome outcome = new Outcome();
            for (double value : new double[] {1000, 1200, 1100}) {
                outcome.add("holdfast", Metric.IOPS, value);
                outcome.add("peer", Metric.IOPS, 1000);
            }
            outcome.add("holdfast", Metric.SECONDS, 0.25);
            outcome.note("a note");
            return outcome;
        }
    }

    private static RunReport report() {
        Made made = new Made();
        return new RunReport(
                "2026-01-01T00:00:00Z",
                "./dev bench",
                Map.of("kernel", "a|b"),
                List.of("a remark"),
                List.of(new ScenarioReport(made, made.run(null))));
    }

    @Test
    void aFailedGoalStaysInTheTable() {
        assertThat(Markdown.of(report()))
                .contains("| `made` made up | requests/s | 1,100 [1,000–1,200] | peer 1,000 "
                        + "| **1.10** [1.00–1.20] | ≥ 2 | **not met** |")
                .contains("| absent – | – | ≥ 1 | not measured |")
                .contains("| 0.25 s |  |  | ≤ 0.50 s | met |")
                .contains("- `made`: a note")
                .contains("| kernel | a\\|b |");
    }

    @Test
    void theRawResultsHaveEveryRound() {
        JsonNode json = JsonMapper.builder().build().readTree(RawResults.of(report()));
        JsonNode made = json.path("scenarios").get(0);
        assertThat(made.path("values").path("holdfast").path("iops").toString()).isEqualTo("[1000.0,1200.0,1100.0]");
        assertThat(made.path("goals").get(0).path("verdict").asString()).isEqualTo("not_met");
        assertThat(made.path("goals").get(1).path("verdict").asString()).isEqualTo("not_measured");
        assertThat(json.path("command").asString()).isEqualTo("./dev bench");
    }
}
