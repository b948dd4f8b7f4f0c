package io.holdfast.mapping;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.format.MapEntry;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A run put at once does what its blocks would do one by one. */
class DeltaRunTest {
    private static final ChangeMemory MEMORY = new ChangeMemory();
    private static final int BLOCKS = 2000;

    @Test
    void runsAreTheirBlocks() {
        long seed = Long.getLong("holdfast.test.seed", System.nanoTime());
        System.out.println("holdfast.test.seed=" + seed);
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            compare(random);
        }
    }

    private static void compare(Random random) {
        DeltaMap runs = new DeltaMap(1, MEMORY);
        DeltaMap singles = new DeltaMap(1, MEMORY);
        List<Long> goneByRuns = new ArrayList<>();
        List<Long> goneBySingles = new ArrayList<>();
        for (int step = 0; step < 30; step++) {
            int count = 1 + random.nextInt(random.nextBoolean() ? 20 : 300);
            long first = random.nextInt(BLOCKS - count);
            if (random.nextInt(4) == 0) {
                int state = random.nextBoolean() ? MapEntry.UNWRITTEN : MapEntry.HOLE;
                runs.putRange(first, count, state, goneByRuns::add);
                singles.putRange(first, count, state, goneBySingles::add);
            } else {
                int from = random.nextInt(5);
                long[] checksums = random.longs(from + count).toArray();
                long at = 1000 + random.nextInt(1_000_000);
                runs.putRun(first, count, MapEntry.word(MapEntry.WRITTEN, at), checksums, from, goneByRuns::add);
                for (int i = 0; i < count; i++) {
                    singles.put(
                            first + i,
                            MapEntry.word(MapEntry.WRITTEN, at + i),
                            checksums[from + i],
                            goneBySingles::add);
                }
            }
            assertThat(runs.unwritten()).isEqualTo(singles.unwritten());
            assertThat(runs.dataBlocks()).isEqualTo(singles.dataBlocks());
            assertThat(runs.nodes()).isEqualTo(singles.nodes());
        }
        assertThat(goneByRuns).isEqualTo(goneBySingles);
        for (long block = 0; block < BLOCKS; block++) {
            long word = runs.word(block);
            assertThat(word).isEqualTo(singles.word(block));
            assertThat(runs.run(block)).isEqualTo(singles.run(block));
            if (word != -1 && MapEntry.isData(word)) {
                assertThat(runs.checksum(block)).isEqualTo(singles.checksum(block));
            }
        }
        runs.release();
        singles.release();
    }
}
