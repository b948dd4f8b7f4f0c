package io.holdfast.bench.measure;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class GoalTest {
    private final Outcome outcome = new Outcome();

    GoalTest() {
        for (double value : new double[] {190, 200, 260}) {
            outcome.add("ours", Metric.IOPS, value);
            outcome.add("theirs", Metric.IOPS, 100);
        }
    }

    @Test
    void theMedianOfTheRatiosDecides() {
        assertThat(Goal.atLeast(2, Metric.IOPS, "ours", "theirs")
                        .evaluate(outcome)
                        .verdict())
                .isEqualTo(Goal.Verdict.MET);
        assertThat(Goal.atLeast(2.1, Metric.IOPS, "ours", "theirs")
                        .evaluate(outcome)
                        .verdict())
                .isEqualTo(Goal.Verdict.NOT_MET);
        assertThat(Goal.atMost(2, Metric.IOPS, "ours", "theirs")
                        .evaluate(outcome)
                        .verdict())
                .isEqualTo(Goal.Verdict.MET);
        assertThat(Goal.atMost(1.9, Metric.IOPS, "ours", "theirs")
                        .evaluate(outcome)
                        .verdict())
                .isEqualTo(Goal.Verdict.NOT_MET);
    }

    @Test
    void withoutSomebodyToCompareWithTheValueDecides() {
        assertThat(Goal.atMost(200, Metric.IOPS, "ours").evaluate(outcome).verdict())
                .isEqualTo(Goal.Verdict.MET);
        assertThat(Goal.atMost(199, Metric.IOPS, "ours").evaluate(outcome).verdict())
                .isEqualTo(Goal.Verdict.NOT_MET);
    }

    @Test
    void aMissingSideIsNotAMetGoal() {
        assertThat(Goal.atLeast(0, Metric.IOPS, "ours", "nobody")
                        .evaluate(outcome)
                        .verdict())
                .isEqualTo(Goal.Verdict.NOT_MEASURED);
        assertThat(Goal.atMost(9, Metric.SECONDS, "ours").evaluate(outcome).verdict())
                .isEqualTo(Goal.Verdict.NOT_MEASURED);
    }
}
