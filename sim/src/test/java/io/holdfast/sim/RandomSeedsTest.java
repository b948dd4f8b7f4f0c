package io.holdfast.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** New seeds in every run of the tests. Replay a finding with {@code ./dev sim --seed N --trace}. */
@Tag("slow")
class RandomSeedsTest {
    private static final long NANOS = Long.getLong("holdfast.sim.seconds", 60) * 1_000_000_000L;

    @Test
    void nothingIsLost() {
        long first = ThreadLocalRandom.current().nextInt(Integer.MAX_VALUE) * 1000L;
        System.out.printf("random seeds from %d on%n", first);
        long end = System.nanoTime() + NANOS;
        long number = first;
        while (System.nanoTime() < end) {
            long seed = Scenario.seed(number);
            Result result = Simulation.run(Scenario.of(seed));
            assertThat(result.violation())
                    .as("./dev sim --seed %d --trace", seed)
                    .isNull();
            number++;
        }
        System.out.printf("nothing found in %d seeds%n", number - first);
    }
}
