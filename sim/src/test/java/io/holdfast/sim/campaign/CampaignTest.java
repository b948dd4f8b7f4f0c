package io.holdfast.sim.campaign;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.inject.Guard;
import io.holdfast.sim.Result;
import io.holdfast.sim.Scenario;
import io.holdfast.sim.Simulation;
import io.holdfast.sim.disk.FaultKind;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** The parts of {@code ./dev sim} around simulations: sums, shrinking, and the command that replays one. */
class CampaignTest {
    private static Scenario parsed(String options) {
        Replay replay = new Replay();
        CommandLine.populateCommand(replay, options.split(" ", -1));
        return replay.scenario();
    }

    @Test
    void theOptionsOfAScenarioGiveThatScenario() {
        Scenario plain = Scenario.of(17);
        assertThat(Replay.optionsOf(plain)).isEqualTo("--seed 17");
        Scenario changed = plain.without(Set.of(Guard.SEALED_COPY, Guard.DATA_WHOLE))
                .with(draft -> {
                    draft.clients = 1;
                    draft.operations = 9;
                    draft.fileBlocks = 2;
                    draft.crashEvery = 7;
                    draft.faults = List.of(FaultKind.VANISH, FaultKind.DELAY);
                });
        assertThat(parsed(Replay.optionsOf(changed))).isEqualTo(changed);
        Scenario calm = changed.with(draft -> draft.faults = List.of());
        assertThat(parsed(Replay.optionsOf(calm))).isEqualTo(calm);
    }

    @Test
    void tallySurvivesTheWayBetweenProcesses() {
        Tally tally = Tally.of(Simulation.run(Scenario.of(3)));
        Tally sum = new Tally();
        sum.add(Tally.parse(tally.line()));
        assertThat(sum.line()).isEqualTo(tally.line());
        sum.add(tally);
        assertThat(sum.get("seeds")).isEqualTo(2);
        assertThat(sum.get("operations")).isEqualTo(2 * tally.get("operations")).isPositive();
        assertThat(sum.summary()).contains("2 seeds");
        assertThat(sum.details()).anyMatch(line -> line.contains("RECORD_WRITTEN"));
    }

    @Test
    void whatFailsIsShrunkAndStillFails() {
        Scenario scenario = Scenario.of(4).without(Set.of(Guard.SEALED_COPY));
        long seed = 4;
        while (!Simulation.run(scenario).failed()) {
            scenario = Scenario.of(++seed).without(Set.of(Guard.SEALED_COPY));
        }
        Result shrunk = Shrinker.shrink(Simulation.run(scenario));
        assertThat(shrunk.failed()).isTrue();
        assertThat(shrunk.scenario().operations()).isLessThan(scenario.operations());
        assertThat(shrunk.scenario().clients()).isLessThanOrEqualTo(scenario.clients());
        Result again = Simulation.run(parsed(Replay.optionsOf(shrunk.scenario())));
        assertThat(again.hash()).isEqualTo(shrunk.hash());
    }
}
