package io.holdfast.sim.campaign;

import io.holdfast.sim.Result;
import io.holdfast.sim.Scenario;
import io.holdfast.sim.Simulation;
import io.holdfast.sim.disk.FaultKind;
import java.util.ArrayList;
import java.util.List;

/** Makes a failing scenario smaller as long as it still fails, even if in another way. */
final class Shrinker {
    private static final int RUNS_MAX = 400;

    private Result smallest;
    private int runs;

    private Shrinker(Result failed) {
        this.smallest = failed;
    }

    /** Returns the failing result of the smallest scenario found. */
    static Result shrink(Result failed) {
        Shrinker shrinker = new Shrinker(failed);
        while (shrinker.runs < RUNS_MAX && shrinker.shrinkOnce()) {
            // Try all again: a reduction that did not work with many operations may work with few.
        }
        return shrinker.smallest;
    }

    private boolean shrinkOnce() {
        for (Scenario candidate : smaller(smallest.scenario())) {
            if (runs++ >= RUNS_MAX) {
                return false;
            }
            Result result = Simulation.run(candidate);
            if (result.failed()) {
                smallest = result;
                return true;
            }
        }
        return false;
    }

    /** Returns the scenarios to try, the largest reduction first. */
    private static List<Scenario> smaller(Scenario scenario) {
        List<Scenario> candidates = new ArrayList<>();
        if (!scenario.faults().isEmpty()) {
            candidates.add(scenario.with(draft -> draft.faults = List.of()));
        }
        if (scenario.faults().size() > 1) {
            for (FaultKind kind : scenario.faults()) {
                candidates.add(scenario.with(draft -> {
                    draft.faults = new ArrayList<>(draft.faults);
                    draft.faults.remove(kind);
                }));
            }
        }
        if (scenario.volumeGrows()) {
            candidates.add(scenario.with(draft -> draft.volumeGrows = false));
        }
        if (scenario.crashEvery() > 0) {
            candidates.add(scenario.with(draft -> draft.crashEvery = 0));
        }
        for (int clients = 1; clients < scenario.clients(); clients++) {
            int fewer = clients;
            candidates.add(scenario.with(draft -> draft.clients = fewer));
        }
        for (int divisor : new int[] {2, 4, 8, 16}) {
            int fewer = scenario.operations() - scenario.operations() / divisor;
            if (fewer < scenario.operations()) {
                candidates.add(scenario.with(draft -> draft.operations = fewer));
            }
        }
        if (scenario.operations() > 1) {
            candidates.add(scenario.with(draft -> draft.operations--));
        }
        if (scenario.fileBlocks() > 1) {
            candidates.add(scenario.with(draft -> draft.fileBlocks = 1));
            candidates.add(scenario.with(draft -> draft.fileBlocks = draft.fileBlocks / 2));
        }
        return candidates;
    }
}
