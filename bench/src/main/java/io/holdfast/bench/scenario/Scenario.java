package io.holdfast.bench.scenario;

import io.holdfast.bench.measure.Goal;
import io.holdfast.bench.measure.Metric;
import io.holdfast.bench.measure.Outcome;
import io.holdfast.bench.profile.Recordings;
import java.io.IOException;
import java.util.List;

/** Something to measure, with the goals it has to meet. */
public interface Scenario {
    /** A short name without spaces, for the command line. */
    String name();

    /** What is measured, in a few words. */
    String title();

    /** The figure that stands for the scenario where there is room for one. */
    Metric metric();

    List<Goal> goals();

    Outcome run(Bench bench) throws IOException;

    /** Runs what is measured against Holdfast once, recorded. */
    void profile(Bench bench, Recordings recordings) throws IOException;
}
