package io.holdfast.file;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BlockIndexTest {
    private static final long BLOCKS_MAX = 1L << 52;

    @ParameterizedTest
    @ValueSource(longs = {1000, 5000, 1L << 16, 1L << 22, 1L << 31, BLOCKS_MAX})
    void isTheSameSetAsAnOrderedOne(long blocks) {
        Random random = new Random(blocks);
        BlockIndex index = new BlockIndex();
        TreeSet<Long> expected = new TreeSet<>();
        for (int i = 0; i < 20_000; i++) {
            int count = 1 + random.nextInt(random.nextInt(20) == 0 ? 700 : 3);
            // Some far away, others near to what is there; more come than go, and then the other way round.
            Long near = expected.ceiling(random.nextLong(blocks));
            long first = near == null || random.nextInt(3) == 0 ? random.nextLong(blocks) : near - random.nextInt(3);
            first = Math.clamp(first, 0, blocks - Math.min(count, blocks));
            if (random.nextInt(10) < (i / 2000 % 2 == 0 ? 7 : 2)) {
                index.add(first, count);
                for (long block = first; block < first + count; block++) {
                    expected.add(block);
                }
            } else {
                index.remove(first, count);
                for (long block = first; block < first + count; block++) {
                    expected.remove(block);
                }
            }
            long from = random.nextInt(2) == 0 ? first : random.nextLong(blocks);
            Long next = expected.ceiling(from);
            assertEquals(next == null ? Long.MAX_VALUE : next, index.next(from));
            assertEquals(expected.contains(from), index.contains(from));
            assertEquals(expected.isEmpty(), index.isEmpty());
        }
        for (long block = index.next(0); block != Long.MAX_VALUE; block = index.next(block + 1)) {
            assertEquals(expected.pollFirst(), block);
        }
        assertEquals(0, expected.size());
    }

    @Test
    void theLastBlockOfTheLargestFileFits() {
        BlockIndex index = new BlockIndex();
        index.add(BLOCKS_MAX - 1);
        index.add(3);
        assertEquals(3, index.next(0));
        assertEquals(BLOCKS_MAX - 1, index.next(4));
        assertEquals(Long.MAX_VALUE, index.next(BLOCKS_MAX));
        index.remove(BLOCKS_MAX - 1);
        assertEquals(Long.MAX_VALUE, index.next(4));
        index.remove(3);
        assertEquals(true, index.isEmpty());
    }

    @Test
    void threadsThatUseDifferentBlocksLoseNone() {
        BlockIndex index = new BlockIndex();
        int threads = 4;
        int each = 20_000;
        CompletableFuture<?>[] done = IntStream.range(0, threads)
                .mapToObj(thread -> CompletableFuture.runAsync(() -> {
                    for (int i = 0; i < each; i++) {
                        index.add((long) i * threads + thread);
                        if (i % 3 != 0) {
                            index.remove((long) i * threads + thread);
                        }
                    }
                }))
                .toArray(CompletableFuture[]::new);
        CompletableFuture.allOf(done).join();
        int found = 0;
        for (long block = index.next(0); block != Long.MAX_VALUE; block = index.next(block + 1)) {
            assertEquals(0, block / threads % 3);
            found++;
        }
        assertEquals(threads * ((each + 2) / 3), found);
    }
}
