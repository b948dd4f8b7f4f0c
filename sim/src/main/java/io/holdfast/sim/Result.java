package io.holdfast.sim;

import io.holdfast.inject.Point;
import io.holdfast.sim.disk.FaultKind;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a simulation ended.
 *
 * @param violation the promise that the engine broke, or null
 * @param hash of the trace: the same for every run of the same scenario
 * @param nanos virtual time
 * @param recoveries how often the volume was opened after a crash
 */
public record Result(
        Scenario scenario,
        @Nullable RuntimeException violation,
        long hash,
        long events,
        long steps,
        long nanos,
        int operations,
        int recoveries,
        Map<FaultKind, Long> faults,
        Map<Point, Long> points) {
    public boolean failed() {
        return violation != null;
    }
}
