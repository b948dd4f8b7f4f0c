package io.holdfast.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.sim.campaign.SimCommand;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same seed gives the same run, to the last event. */
class SameSeedTest {
    private static final int RUNS = 10;

    @ParameterizedTest
    @ValueSource(longs = {3, 11, 62, 130, 204, -3, -62})
    void tenRunsAgree(long seed) {
        Result first = Simulation.run(Scenario.of(seed));
        for (int run = 1; run < RUNS; run++) {
            Result again = Simulation.run(Scenario.of(seed));
            assertThat(again.hash()).as("hash of run %d of seed %d", run, seed).isEqualTo(first.hash());
            assertThat(again.events()).isEqualTo(first.events());
            assertThat(again.steps()).isEqualTo(first.steps());
            assertThat(again.nanos()).isEqualTo(first.nanos());
        }
        System.out.printf("seed %d: %d runs, trace hash %016x%n", seed, RUNS, first.hash());
    }

    @Test
    void anotherProcessAgrees() throws Exception {
        long seed = 62;
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElseThrow());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("--add-opens") || argument.startsWith("-Djdk."))
                .forEach(command::add);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), SimCommand.class.getName()));
        command.addAll(List.of("--seed", String.valueOf(seed)));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        Result here = Simulation.run(Scenario.of(seed));
        assertThat(output).contains("%d events, trace hash %016x".formatted(here.events(), here.hash()));
    }

    @Test
    void aTraceChangesNothing() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Result traced = Simulation.run(Scenario.of(3), new PrintStream(bytes, false, StandardCharsets.UTF_8));
        assertThat(traced.hash()).isEqualTo(Simulation.run(Scenario.of(3)).hash());
        assertThat(bytes.toString(StandardCharsets.UTF_8))
                .contains("open volume")
                .contains("RECORD_WRITTEN");
    }

    @Test
    void anotherSeedGivesAnotherRun() {
        assertThat(Simulation.run(Scenario.of(3)).hash())
                .isNotEqualTo(Simulation.run(Scenario.of(4)).hash());
    }
}
