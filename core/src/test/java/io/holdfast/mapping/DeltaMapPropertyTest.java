package io.holdfast.mapping;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.format.MapEntry;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Random changes, against {@link DeltaModel}: every answer, every count, and every block that is superseded, in order. */
class DeltaMapPropertyTest {
    private static final long HUGE = 1L << 51;

    private final ChangeMemory memory = new ChangeMemory();

    @AfterEach
    void close() {
        memory.close();
    }

    @Test
    void theNewestCallDecides() {
        long seed = Long.getLong("holdfast.test.seed", System.nanoTime());
        System.out.println("holdfast.test.seed=" + seed);
        Random random = new Random(seed);
        for (int round = 0; round < 600; round++) {
            long span = switch (random.nextInt(5)) {
                case 0 -> 600;
                case 1 -> 20_000;
                case 2 -> 1 << 20;
                case 3 -> 1L << 36;
                default -> HUGE;
            };
            compare(random, span, 1 + random.nextInt(60));
            assertThat(memory.bytes()).as("all is given back").isZero();
        }
    }

    private void compare(Random random, long span, int calls) {
        int levels = 1 + random.nextInt(4);
        DeltaMap map = new DeltaMap(levels, memory);
        DeltaModel model = new DeltaModel(levels);
        List<Long> superseded = new ArrayList<>();
        List<Long> used = new ArrayList<>(List.of(0L));
        for (int i = 0; i < calls; i++) {
            long near = used.get(random.nextInt(used.size())) + random.nextInt(600) - 300;
            long first = random.nextInt(3) == 0 ? random.nextLong(span) : Math.clamp(near, 0, span);
            used.add(first);
            call(random, map, model, superseded, first, span);
            check(map, model);
        }
        assertThat(superseded).isEqualTo(model.superseded);
        List<Long> places = new ArrayList<>(model.places());
        Collections.shuffle(places, random);
        for (long block : places.subList(0, Math.min(places.size(), 40))) {
            checkBlock(map, model, block);
        }
        checkRun(random, map, model, used.get(random.nextInt(used.size())));
        map.release();
    }

    private static void call(
            Random random, DeltaMap map, DeltaModel model, List<Long> superseded, long first, long span) {
        int state = random.nextBoolean() ? MapEntry.WRITTEN : MapEntry.WRITTEN_NO_CHECKSUM;
        long word = MapEntry.word(state, random.nextLong(1L << 40));
        switch (random.nextInt(20)) {
            case 0, 1, 2 -> {
                long count = random.nextBoolean() ? random.nextLong(2000) : random.nextLong(span);
                int range = random.nextBoolean() ? MapEntry.HOLE : MapEntry.UNWRITTEN;
                map.putRange(first, count, range, superseded::add);
                model.putRange(first, count, range);
            }
            case 3, 4, 5 -> {
                int count = 1 + random.nextInt(random.nextBoolean() ? 20 : 700);
                int from = random.nextInt(3);
                long[] sums = random.longs(from + count).toArray();
                map.putRun(first, count, word, sums, from, superseded::add);
                long[] own = new long[count];
                System.arraycopy(sums, from, own, 0, count);
                model.putRun(first, count, word, own);
            }
            case 6 -> {
                if (random.nextInt(10) == 0) {
                    map.drop(superseded::add);
                    model.drop();
                }
            }
            default -> {
                long sum = random.nextLong();
                map.put(first, word, sum, superseded::add);
                model.putRun(first, 1, word, new long[] {sum});
            }
        }
    }

    private static void check(DeltaMap map, DeltaModel model) {
        assertThat(map.isEmpty()).isEqualTo(model.isEmpty());
        assertThat(map.dropped()).isEqualTo(model.dropped);
        assertThat(map.unwritten()).isEqualTo(model.unwritten());
        assertThat(map.dataBlocks()).isEqualTo(model.dataBlocks());
        assertThat(map.nodes()).isEqualTo(model.nodes);
        assertThat(map.lastUsedBlock()).isEqualTo(model.lastUsedBlock());
    }

    private static void checkBlock(DeltaMap map, DeltaModel model, long block) {
        long word = map.word(block);
        assertThat(word).as("block %d", block).isEqualTo(model.word(block));
        if (word != -1 && MapEntry.isData(word)) {
            assertThat(map.checksum(block)).isEqualTo(model.checksum(block));
        }
        MapExtent run = map.run(block);
        assertThat(run.word()).isEqualTo(word);
        assertThat(run.length()).isPositive();
        assertThat(model.holdsFor(block, run.length()))
                .as("%s from %d", run, block)
                .isTrue();
        long chunk = block >>> MapEntry.FANOUT_LOG2;
        assertThat(map.leaf(chunk) != null).isEqualTo(model.hasLeaf(chunk));
        assertThat(map.nextTouched(chunk)).as("from %d", chunk).isEqualTo(model.nextTouched(chunk));
        for (long chunks = 1; chunks <= 1 << 16; chunks <<= 8) {
            long aligned = chunk & -chunks;
            assertThat(map.covering(aligned, chunks)).isEqualTo(model.covering(aligned, chunks));
        }
    }

    private static void checkRun(Random random, DeltaMap map, DeltaModel model, long near) {
        long first = Math.max(0, near - random.nextInt(100));
        MappingRun run = new MappingRun(1 + random.nextInt(600));
        map.tell(first, run);
        for (int i = 0; i < run.count(); i++) {
            long word = model.word(first + i);
            assertThat(run.isKnown(i)).isEqualTo(word != -1);
            if (word != -1) {
                assertThat(run.block(i)).isEqualTo(MapEntry.block(word));
            }
            if (word != -1 && MapEntry.state(word) == MapEntry.WRITTEN) {
                assertThat(run.checksum(i)).isEqualTo(model.checksum(first + i));
            }
        }
    }

    /** Many chunks, so that the tree has several levels, that come and go in any order. */
    @Test
    void manyChunksComeAndGo() {
        Random random = new Random(Long.getLong("holdfast.test.seed", 11));
        for (long span : new long[] {1 << 20, 1L << 30, HUGE}) {
            DeltaMap map = new DeltaMap(1, memory);
            TreeMap<Long, Long> model = new TreeMap<>();
            for (int i = 0; i < 60_000; i++) {
                long block = random.nextInt(4) == 0 ? i * 256L : random.nextLong(span);
                map.put(block, MapEntry.word(MapEntry.WRITTEN, i + 1L), i, freed -> {});
                model.put(block, i + 1L);
                if (random.nextInt(500) == 0) {
                    long count = random.nextLong(span / 30) & -256;
                    long first = random.nextLong(span) & -256;
                    map.putRange(first, count, MapEntry.HOLE, freed -> {});
                    model.subMap(first, first + count).clear();
                }
            }
            assertThat(map.dataBlocks()).isEqualTo(model.size());
            model.forEach((block, at) -> assertThat(map.word(block)).isEqualTo(MapEntry.word(MapEntry.WRITTEN, at)));
            long before = -1;
            for (long block : model.keySet()) {
                long chunk = block >>> MapEntry.FANOUT_LOG2;
                long next = map.nextTouched(before + 1);
                assertThat(next).isLessThanOrEqualTo(chunk == before ? Long.MAX_VALUE : chunk);
                assertThat(map.leaf(chunk)).isNotNull();
                before = chunk;
            }
            map.drop(freed -> {});
            assertThat(memory.bytes()).isZero();
            map.release();
        }
    }
}
