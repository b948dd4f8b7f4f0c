package io.holdfast.space;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.format.Layout;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A list of blocks against a set. */
class BlockListTest {
    @ParameterizedTest
    @CsvSource({"1, 7", "2, 7", "3, 9", "4, 15"})
    void holdsWhatWasAddedAndNotRemoved(long seed, int groupLog2) {
        Random random = new Random(seed);
        Layout layout = new Layout(5L << groupLog2, groupLog2);
        BlockList list = new BlockList(layout);
        TreeSet<Long> model = new TreeSet<>();
        for (int step = 0; step < 100; step++) {
            long group = random.nextInt(5);
            switch (random.nextInt(8)) {
                case 0 -> {
                    long[] bits = randomBits(layout, random);
                    list.remove(group, bits);
                    model.removeIf(block -> layout.groupOf(block) == group
                            && GroupBits.isSet(bits, (int) (block - layout.groupStart(group))));
                }
                case 1 -> {
                    if (random.nextInt(5) == 0) {
                        list.removeGroup(group);
                        model.removeIf(block -> layout.groupOf(block) == group);
                    }
                }
                case 2 -> {
                    if (random.nextInt(10) == 0) {
                        assertThat(list.takeGroup((taken, bits) -> {
                                    List<Long> blocks = blocks(layout, taken, bits);
                                    assertThat(blocks).isNotEmpty().startsWith(model.first());
                                    assertThat(model.removeAll(blocks)).isTrue();
                                    assertThat(model.stream().filter(block -> layout.groupOf(block) == taken))
                                            .isEmpty();
                                }))
                                .isEqualTo(!model.isEmpty());
                    }
                }
                default -> {
                    int run = 1 + random.nextInt(layout.groupBlocks() / 4);
                    long from = layout.groupStart(group) + random.nextInt(layout.groupBlocks() - run);
                    for (long block = from; block < from + run; block++) {
                        if (model.add(block)) {
                            list.add(block);
                        }
                    }
                }
            }
            assertThat(list.size()).isEqualTo(model.size());
            assertThat(list.isEmpty()).isEqualTo(model.isEmpty());
            assertThat(list.hasEachOnce()).isTrue();
        }
        List<Long> all = new ArrayList<>();
        list.forEach(all::add);
        assertThat(all).containsExactlyElementsOf(model);
        BlockList copy = new BlockList(layout);
        list.forEachGroup(copy::add);
        assertThat(copy.size()).isEqualTo(model.size());
        while (copy.takeGroup((group, bits) -> model.removeAll(blocks(layout, group, bits)))) {
            assertThat(copy.size()).isEqualTo(model.size());
        }
        assertThat(model).isEmpty();
    }

    private static long[] randomBits(Layout layout, Random random) {
        long[] bits = new long[layout.groupBlocks() / 64];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = random.nextLong();
        }
        return bits;
    }

    private static List<Long> blocks(Layout layout, long group, long[] bits) {
        return BitSet.valueOf(bits).stream()
                .mapToObj(index -> layout.groupStart(group) + index)
                .toList();
    }
}
