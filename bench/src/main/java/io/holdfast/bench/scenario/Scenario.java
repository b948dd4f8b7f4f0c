package io.holdfast.bench.scenario;

import io.holdfast.bench.measure.Goal;
import io.holdfast.bench.measure.Metric;
import io.holdfast.bench.measure.Outcome;
import io.holdfast.bench.profile.Recordings;
import java.io.IOException;
import java.util.List;

/** A measurement with its goals. */
public interface Scenario {
    /** A short name without spaces, for the command line. */
    String name();

    /** A description in a few words. */
    String title();

    /** The main metric, for places with room for one figure. */
    Metric metric();

    List<Goal> goals();

    Outcome run(Bench bench) throws IOException;

    /** Runs the measurement once against Holdfast, and records it. */
    void profile(Bench bench, Recordings recordings) throws IOException;
}
