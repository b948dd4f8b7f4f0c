package io.holdfast.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.format.Layout;
import io.holdfast.space.SpaceMap;
import io.holdfast.volume.OpenOptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MemoryPlanTest {
    private static final long MIB = 1L << 20;
    private static final long GIB = 1L << 30;
    private static final int BLOCK = 4096;

    /** A page with its lock, its reservation and its segment, and its places in three tables: 180 bytes, measured. */
    private static final int PAGE_BYTES = 184;

    private static final int NODE_BYTES = 32;

    @ParameterizedTest
    @ValueSource(longs = {16 * MIB, 32 * MIB, 256 * MIB, GIB, 3 * GIB + 4711, 64 * GIB, OpenOptions.MAX_MEMORY})
    void theSharesAddUp(long memory) {
        for (long groups : new long[] {0, 36, SpaceMap.tableBytes(new Layout(16L << 28)), memory / 4}) {
            MemoryPlan plan = MemoryPlan.of(memory).withGroupTable(groups);
            if (!plan.isEnough()) {
                continue;
            }
            long[] shares = {
                plan.pages(),
                plan.nodes(),
                plan.changes(),
                plan.payloads(),
                plan.descriptions(),
                plan.groups(),
                plan.check()
            };
            long sum = 0;
            for (long share : shares) {
                assertThat(share).isPositive();
                sum += share;
            }
            assertThat(sum).isEqualTo(memory);
            assertThat(plan.groups()).isGreaterThanOrEqualTo(groups + plan.bitmaps());
            assertThat(plan.descriptions())
                    .as("what describes the pages and nodes")
                    .isGreaterThanOrEqualTo(plan.pages() / BLOCK * PAGE_BYTES + plan.nodes() / BLOCK * NODE_BYTES);
        }
    }
}
