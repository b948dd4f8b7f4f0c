package io.holdfast.mapping;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.format.MapEntry;
import io.holdfast.memory.MemoryPlan;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What changes cost, and that it comes back. */
class ChangeMemoryTest {
    private static final long MIB = 1 << 20;

    private final ChangeMemory memory = new ChangeMemory();

    @AfterEach
    void close() {
        memory.close();
    }

    private double bytesPerChange(long span, int changes, Random random) {
        DeltaMap map = new DeltaMap(4, memory);
        for (int i = 0; i < changes; i++) {
            map.put(random.nextLong(span), MapEntry.word(MapEntry.WRITTEN, i + 1L), i, freed -> {});
        }
        double bytes = (double) map.bytes() / map.dataBlocks();
        assertThat(memory.bytes() - map.bytes()).isLessThan(9L * ChangeMemory.SLAB_BYTES);
        map.release();
        assertThat(memory.bytes()).isZero();
        return bytes;
    }

    @Test
    void aRandomWriteTakesFewBytes() {
        Random random = new Random(5);
        for (long span : new long[] {1 << 16, 1 << 20, 1 << 24, 1L << 28, 1L << 40, 1L << 51}) {
            for (int changes : new int[] {30_000, 300_000}) {
                double bytes = bytesPerChange(span, changes, random);
                System.out.printf("%d changes over %d blocks: %.1f bytes each%n", changes, span, bytes);
                assertThat(bytes).as("%d changes over %d blocks", changes, span).isLessThan(40);
            }
        }
    }

    @Test
    void stepsThroughAllChunksStayBelowTheBudgetsBytes() {
        DeltaMap map = new DeltaMap(4, memory);
        int chunks = 20_000;
        for (int slot = 0; slot < 40; slot++) {
            for (long chunk = 0; chunk < chunks; chunk++) {
                map.put((chunk << 8) + slot * 3, MapEntry.word(MapEntry.WRITTEN, 1), 1, freed -> {});
            }
            double bytes = (double) memory.bytes() / ((slot + 1.0) * chunks);
            assertThat(bytes).as("%d a chunk", slot + 1).isLessThan(ChangeBudget.BLOCK_BYTES);
        }
        map.release();
    }

    @Test
    void smallFilesTakeLittle() {
        List<DeltaMap> maps = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            DeltaMap map = new DeltaMap(1, memory);
            map.put(i % 7, MapEntry.word(MapEntry.WRITTEN, 1 + i), i, freed -> {});
            assertThat(map.bytes()).isEqualTo(256);
            maps.add(map);
        }
        assertThat(memory.bytes()).isLessThan(10_000 * 256 + 2L * ChangeMemory.SLAB_BYTES);
        long held = memory.held();
        assertThat(held).isEqualTo(memory.bytes());
        Collections.shuffle(maps, new Random(3));
        maps.forEach(DeltaMap::release);
        assertThat(memory.bytes()).isZero();
        assertThat(memory.held()).as("the pool keeps it").isEqualTo(held);
        assertThat(bytesPerChange(1L << 20, 50_000, new Random(2))).isPositive();
        assertThat(memory.held()).as("and it is used again").isEqualTo(held);
    }

    @Test
    void whatWasReleasedCannotBeReached() {
        DeltaMap map = new DeltaMap(1, memory);
        map.put(7, MapEntry.word(MapEntry.WRITTEN, 1), 1, freed -> {});
        DeltaLeaf leaf = map.leaf(0);
        map.release();
        assertThat(map.word(7)).isEqualTo(-1);
        ChangeMemory closed = new ChangeMemory();
        DeltaMap lost = new DeltaMap(1, closed);
        lost.put(7, MapEntry.word(MapEntry.WRITTEN, 1), 1, freed -> {});
        closed.close();
        assertThatThrownBy(() -> lost.word(7)).isInstanceOf(IllegalStateException.class);
        assertThat(leaf).isNotNull();
    }

    /** The numbers in the comment of {@link ChangeBudget}. */
    @Test
    void theSharesAddUp() {
        double[][] table = {
            {16, 4, 3, 1.6875},
            {32, 8, 6.5, 3.65625},
            {256, 64, 55.5, 31.21875},
            {1024, 256, 223.5, 125.71875}
        };
        for (double[] row : table) {
            long volume = (long) row[0] * MIB;
            MemoryPlan plan = MemoryPlan.of(volume);
            ChangeBudget budget = new ChangeBudget(memory, plan.changes());
            assertThat(budget.share() / (double) MIB).isEqualTo(row[1]);
            assertThat(budget.hard() / (double) MIB).isEqualTo(row[2]);
            assertThat(budget.soft() / (double) MIB).isEqualTo(row[3]);
            // Half of the pages may be dirty, each the only change of its file.
            long dirtyPages = plan.pages() / 2 / 4096;
            long margin = dirtyPages * 256 + 8L * ChangeMemory.SLAB_BYTES;
            assertThat(budget.hard() + margin).isLessThanOrEqualTo(budget.share());
        }
    }

    @Test
    void whoAsksWaitsForRoom() {
        ChangeBudget budget = new ChangeBudget(memory, 4 * MIB);
        long blocks = budget.hard() / ChangeBudget.BLOCK_BYTES;
        assertThat(budget.tryAdmit(blocks)).isTrue();
        assertThat(budget.tryAdmit(1)).isFalse();
        budget.end(blocks);
        assertThat(budget.tryAdmit(1)).isTrue();
        budget.end(1);
        DeltaMap map = new DeltaMap(1, memory);
        for (long chunk = 0; memory.bytes() <= budget.soft(); chunk++) {
            assertThat(budget.wantsCheckpoint()).isFalse();
            map.put(chunk << 8, MapEntry.word(MapEntry.WRITTEN, 1), 1, freed -> {});
        }
        assertThat(budget.wantsCheckpoint()).isTrue();
        budget.froze();
        assertThat(budget.wantsCheckpoint()).isFalse();
        assertThat(budget.tryAdmit(blocks)).isFalse();
        map.release();
        budget.committed();
        assertThat(budget.tryAdmit(blocks)).isTrue();
    }

    @Test
    void whoIsFasterThanTheCheckpointWaitsForIt() {
        ChangeBudget budget = new ChangeBudget(memory, 16 * MIB);
        long blocks = budget.hard() / ChangeBudget.BLOCK_BYTES;
        budget.froze();
        assertThat(budget.tryAdmit(blocks * 51 / 100)).isFalse();
        assertThat(budget.tryAdmit(blocks * 49 / 100)).isTrue();
        assertThat(budget.tryAdmit(blocks * 10 / 100)).isFalse();
        budget.advance(1, 2);
        assertThat(budget.tryAdmit(blocks * 10 / 100)).isTrue();
        assertThat(budget.tryAdmit(blocks * 20 / 100)).isFalse();
        budget.advance(2, 2);
        assertThat(budget.tryAdmit(blocks * 20 / 100)).isTrue();
        assertThat(budget.tryAdmit(blocks * 20 / 100)).isFalse();
        budget.mapsWritten();
        assertThat(budget.tryAdmit(blocks * 20 / 100)).isTrue();
        assertThat(budget.tryAdmit(blocks * 20 / 100)).isFalse();
        budget.committed();
        assertThat(budget.tryAdmit(blocks)).isFalse();
    }
}
