package io.holdfast.bench.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.bench.measure.Goal;
import io.holdfast.bench.measure.Metric;
import io.holdfast.bench.measure.Outcome;
import io.holdfast.bench.profile.Recordings;
import io.holdfast.bench.scenario.Bench;
import io.holdfast.bench.scenario.Scenario;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ReportTest {
    private record Made(String name) implements Scenario {
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

        @Override
        public void profile(Bench bench, Recordings recordings) {
            throw new UnsupportedOperationException();
        }
    }

    private static RunReport report() {
        return report("2026-01-01T00:00:00Z", new Made("made"));
    }

    private static RunReport report(String when, Made... all) {
        Origin origin = new Origin(when, "./dev bench", "1.0", List.of("a remark"));
        return new RunReport(
                Map.of("kernel", "a|b"),
                Arrays.stream(all)
                        .map(made -> new ScenarioReport(made, origin, made.run(null)))
                        .toList());
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
        assertThat(made.path("command").asString()).isEqualTo("./dev bench");
    }

    @Test
    void rawResultsAreReadAsTheyWereWritten() {
        String json = RawResults.of(report());
        RunReport read = RawResults.read(json, List.of(new Made("made")));
        assertThat(RawResults.of(read)).isEqualTo(json);
        assertThat(Markdown.of(read)).isEqualTo(Markdown.of(report()));
        assertThat(RawResults.read(json, List.of(new Made("other"))).scenarios())
                .isEmpty();
    }

    @Test
    void aRunReplacesOnlyWhatItMeasured() {
        Made first = new Made("first");
        Made second = new Made("second");
        RunReport all = report("new", second).over(report("old", second, first), List.of(first, second));
        assertThat(all.scenarios().stream()
                        .map(scenario -> scenario.scenario().name() + " "
                                + scenario.origin().when()))
                .containsExactly("first old", "second new");
        assertThat(Markdown.of(all)).contains("old, Holdfast 1.0, of which: `first`. a remark");
    }
}
