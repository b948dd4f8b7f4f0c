package io.holdfast.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.format.BlockPointer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** {@link NodeTable}: what it has is right, and it has what is asked for often. */
class NodeTableTest {
    private final Arena arena = Arena.ofShared();

    @AfterEach
    void close() {
        arena.close();
    }

    private static byte[] node(long seed) {
        byte[] node = new byte[4096];
        new SplittableRandom(seed).nextBytes(node);
        return node;
    }

    private static void put(NodeTable table, long block, long content) {
        table.put(new BlockPointer(block, content), MemorySegment.ofArray(node(content)), 0);
    }

    private static boolean has(NodeTable table, long block, long content) {
        byte[] found = new byte[4096];
        boolean has = table.get(new BlockPointer(block, content), 0, found, found.length);
        if (has) {
            assertThat(found).isEqualTo(node(content));
        }
        return has;
    }

    @Test
    void givesPartsOfWhatItHas() {
        NodeTable table = new NodeTable(arena, 200);
        put(table, 7, 1);
        byte[] part = new byte[40];
        assertThat(table.get(new BlockPointer(7, 1), 100, part, 32)).isTrue();
        assertThat(part).startsWith(Arrays.copyOfRange(node(1), 100, 132)).endsWith(0, 0, 0, 0, 0, 0, 0, 0);
        assertThat(table.get(new BlockPointer(7, 2), 0, part, 1))
                .as("another content")
                .isFalse();
        assertThat(table.get(new BlockPointer(8, 1), 0, part, 1))
                .as("another block")
                .isFalse();
    }

    @Test
    void aBlockThatIsWrittenAgainReplacesItself() {
        NodeTable table = new NodeTable(arena, 1);
        put(table, 7, 1);
        put(table, 7, 2);
        assertThat(has(table, 7, 1)).isFalse();
        assertThat(has(table, 7, 2)).isTrue();
        put(table, 9, 3);
        assertThat(has(table, 7, 2)).isFalse();
        assertThat(has(table, 9, 3)).isTrue();
    }

    @Test
    void whatIsAskedForStays() {
        NodeTable table = new NodeTable(arena, 100);
        for (long block = 1; block <= 100; block++) {
            put(table, block, block);
        }
        for (long block = 101; block <= 1000; block++) {
            assertThat(has(table, 5, 5)).as("at block %d", block).isTrue();
            put(table, block, block);
        }
        assertThat(has(table, 6, 6)).isFalse();
        assertThat(has(table, 1000, 1000)).isTrue();
    }

    @Test
    void roomEndsAtThreeQuarters() {
        NodeTable table = new NodeTable(arena, 8);
        for (long block = 1; block <= 5; block++) {
            put(table, block, block);
        }
        assertThat(table.hasRoom()).isTrue();
        put(table, 6, 6);
        assertThat(table.hasRoom()).isFalse();
    }

    /** Beside a map that forgets nothing: what the table says is what was put last, and it never has too much. */
    @Test
    void neverSaysWhatIsNotSo() {
        for (int max : new int[] {1, 2, 63, 64, 65, 300}) {
            NodeTable table = new NodeTable(arena, max);
            Map<Long, Long> last = new HashMap<>();
            SplittableRandom random = new SplittableRandom(max);
            for (int i = 0; i < 20_000; i++) {
                long block = 1 + random.nextInt(2 * max + 2) * 16L;
                if (random.nextInt(3) == 0) {
                    long content = random.nextInt(1 << 20);
                    put(table, block, content);
                    last.put(block, content);
                    assertThat(has(table, block, content)).isTrue();
                } else {
                    has(table, block, last.getOrDefault(block, 0L));
                }
            }
            long kept = last.entrySet().stream()
                    .filter(e -> has(table, e.getKey(), e.getValue()))
                    .count();
            assertThat(kept).isBetween(1L, (long) max);
        }
    }
}
