package io.holdfast.bench.scenario;

import java.io.IOException;
import java.nio.file.Path;

/** A scenario that can be run under a flight recorder. */
public interface Profiled {
    /** Runs the measured part against Holdfast with the recorder on and writes the recording. */
    void profile(Bench bench, Path recording) throws IOException;
}
