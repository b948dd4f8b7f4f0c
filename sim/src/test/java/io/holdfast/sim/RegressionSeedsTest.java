package io.holdfast.sim;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Seeds that failed because of a bug in the engine. After a change of the simulator a seed gives another run. Then
 * revert the fix for a moment, find a seed that fails without it, and put that seed here.
 */
class RegressionSeedsTest {
    @ParameterizedTest(name = "{1} (seed {0})")
    @CsvSource({
        "68, a NOWAIT write that was refused had written a part",
        "413, a NOWAIT write that was refused had written a part",
        "1143, a flush beside a punch made neither the dropped pages durable nor the hole",
        "1297, a flush beside a punch made neither the dropped pages durable nor the hole",
        "1159, a file that was emptied and written again counted too few blocks",
        "20260025873, a device that failed when it was asked for room left a flush without its blocks",
        "7000014481, background writeback that was refused for want of room spun while the volume was closed",
        "-471, a client that died while its handshake was under way was served after its successor",
        "1280344762562, writeback took a page that a failed direct write had kept; a write to it was an argument error",
        "278, a check did not try the subtrees that were cut off again when a checkpoint had taken its pin away",
        "1371, a file that was emptied and written again counted too few blocks",
        "22746, what a disk made of a file without checksums was compared with what the cache has of it",
        "5499, a recovery that could not read which blocks are free said that none is left",
        "1560316034467, a client looked for a name whose removal the power had cut off",
    })
    void nothingIsLost(long seed, String bug) {
        assertThat(Simulation.run(Scenario.of(seed)).violation()).as(bug).isNull();
    }
}
