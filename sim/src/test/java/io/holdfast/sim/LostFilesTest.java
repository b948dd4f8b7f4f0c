package io.holdfast.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Nodes of maps are lost beside clients; repairs give them up, or keep them as long as something is hidden. */
class LostFilesTest {
    private static final int SEEDS = 1500;

    @Test
    void repairsGiveUpWhatNothingNeedsAndKeepTheRest() {
        TreeMap<String, Integer> events = new TreeMap<>();
        long[] seeds = LongStream.rangeClosed(1, SEEDS)
                .filter(seed -> Scenario.of(seed).losesNodes())
                .toArray();
        for (long seed : seeds) {
            ByteArrayOutputStream trace = new ByteArrayOutputStream();
            Result result = Simulation.run(Scenario.of(seed), new PrintStream(trace, false, StandardCharsets.UTF_8));
            assertThat(result.violation())
                    .as("./dev sim --seed %d --trace", seed)
                    .isNull();
            for (String line : trace.toString(StandardCharsets.UTF_8).split("\n", -1)) {
                for (String event : new String[] {" hide ", " reveal ", " rewrite ", " gave up ", " kept "}) {
                    if (line.contains(event)) {
                        events.merge(event.strip(), 1, Integer::sum);
                    }
                }
            }
        }
        System.out.println(seeds.length + " seeds: " + events);
        assertThat(events).containsKeys("hide", "reveal", "rewrite", "gave up", "kept");
    }
}
