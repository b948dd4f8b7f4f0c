package io.holdfast.btree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.format.TreeRoot;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class BTreeTest {
    private static final int MANY = 100_000;

    private final MemoryNodes nodes = new MemoryNodes();
    private final TreeMap<byte[], byte[]> model = new TreeMap<>(Arrays::compareUnsigned);
    private TreeRoot root = TreeRoot.NONE;

    @Test
    void emptyTreeHasNothing() throws HoldfastException {
        assertThat(BTree.get(nodes, root, key(1))).isNull();
        assertThat(BTree.cursor(nodes, root, key(1)).next()).isNull();
        assertThat(BTree.height(nodes, root)).isZero();
        put(IntStream.empty());
        assertThat(root).isEqualTo(TreeRoot.NONE);
        remove(IntStream.range(0, 10));
        assertThat(root).isEqualTo(TreeRoot.NONE);
        assertThat(nodes.size()).isZero();
    }

    @Test
    void emptyBatchChangesNothing() throws HoldfastException {
        put(IntStream.range(0, 10));
        nodes.settle();
        TreeRoot before = root;
        put(IntStream.empty());
        assertThat(root).isEqualTo(before);
        assertThat(nodes.writes).isZero();
    }

    @Test
    void oneHundredThousandItemsInOneBatchAndOut() throws HoldfastException {
        put(IntStream.range(0, MANY));
        nodes.settle();
        nodes.verify(root, model);
        for (int i = 0; i < MANY; i += 97) {
            assertThat(BTree.get(nodes, root, key(i))).isEqualTo(value(i));
        }
        remove(IntStream.range(0, MANY).filter(i -> i % 3 != 0));
        nodes.settle();
        nodes.verify(root, model);
        remove(IntStream.range(0, MANY));
        nodes.settle();
        assertThat(root).isEqualTo(TreeRoot.NONE);
        assertThat(nodes.size()).isZero();
    }

    @Test
    void oneHundredThousandItemsInManyBatchesInRandomOrder() throws HoldfastException {
        List<Integer> numbers = new ArrayList<>(IntStream.range(0, MANY).boxed().toList());
        Collections.shuffle(numbers, new java.util.Random(7));
        for (int from = 0; from < MANY; from += 2000) {
            put(numbers.subList(from, from + 2000).stream().mapToInt(i -> i));
            nodes.settle();
        }
        nodes.verify(root, model);
    }

    @Test
    void oneChangeRewritesOnePath() throws HoldfastException {
        put(IntStream.range(0, MANY));
        nodes.settle();
        int height = BTree.height(nodes, root);
        assertThat(height).isEqualTo(3);
        nodes.settle();
        put(IntStream.of(51_111));
        assertThat(nodes.writes).as("the path, and the copy of the root").isEqualTo(height + 1);
        assertThat(nodes.reads).isEqualTo(height);
        nodes.settle();
        nodes.verify(root, model);
    }

    @Test
    void sequentialBatchesFillNodes() throws HoldfastException {
        for (int from = 0; from < MANY; from += 1000) {
            put(IntStream.range(from, from + 1000));
            nodes.settle();
        }
        long bytes = model.entrySet().stream()
                .mapToLong(e -> TreeNode.cost(e.getKey().length, e.getValue().length))
                .sum();
        assertThat(nodes.size() * (long) TreeNode.CAPACITY).isLessThan(bytes * 5 / 4);
    }

    @Test
    void cursorReadsLazily() throws HoldfastException {
        put(IntStream.range(0, MANY));
        nodes.settle();
        BTreeCursor cursor = BTree.cursor(nodes, root, key(500));
        assertThat(nodes.reads).isZero();
        Item first = cursor.next();
        assertThat(first).isNotNull();
        assertThat(first.key()).isEqualTo(key(500));
        assertThat(nodes.reads).isEqualTo(3);
    }

    @Test
    void largestKeysAndValues() throws HoldfastException {
        TreeMap<byte[], byte[]> batch = new TreeMap<>(Arrays::compareUnsigned);
        for (int i = 0; i < 500; i++) {
            batch.put(Arrays.copyOf(key(i), Item.KEY_MAX), new byte[i % 7 == 0 ? 0 : Item.VALUE_MAX]);
        }
        model.putAll(batch);
        apply(batch.entrySet().stream().map(e -> new Item(e.getKey(), e.getValue())));
        nodes.settle();
        nodes.verify(root, model);
    }

    /** Whole subtrees shrink to less than a node, at every boundary: the neighbours must fill up what is left. */
    @Test
    void rangesOfEveryLengthAreRemoved() throws HoldfastException {
        int items = 700;
        for (int i = 0; i < items; i++) {
            model.put(Arrays.copyOf(new byte[] {(byte) (i >> 8), (byte) i}, 150), new byte[20 + i % 80]);
        }
        List<byte[]> keys = List.copyOf(model.keySet());
        apply(model.entrySet().stream().map(e -> new Item(e.getKey(), e.getValue())));
        nodes.settle();
        assertThat(BTree.height(nodes, root)).isEqualTo(3);
        for (int kept : new int[] {0, 3, 20, 36}) {
            for (int first : new int[] {0, 333}) {
                for (int end = first + kept; end <= items; end++) {
                    List<byte[]> removed = keys.subList(first + kept, end);
                    TreeMap<byte[], byte[]> rest = new TreeMap<>(model);
                    removed.forEach(rest::remove);
                    MemoryNodes copy = nodes.copy();
                    TreeRoot shrunk = BTree.apply(
                            copy, copy, root, removed.stream().map(Item::remove).iterator());
                    assertThat(copy.writes)
                            .isLessThanOrEqualTo(BTree.nodesBound(removed.size(), 150L * removed.size(), 3));
                    copy.settle();
                    copy.verify(shrunk, rest);
                }
            }
        }
    }

    @Test
    void badBatchesAreRefused() {
        assertThatThrownBy(() -> apply(Stream.of(Item.remove(key(2)), Item.remove(key(1)))))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> apply(Stream.of(Item.remove(key(1)), Item.remove(key(1)))))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> apply(Stream.of(Item.remove(new byte[0]))))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> apply(Stream.of(Item.remove(new byte[Item.KEY_MAX + 1]))))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> apply(Stream.of(new Item(key(1), new byte[Item.VALUE_MAX + 1]))))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private void put(IntStream numbers) throws HoldfastException {
        List<Integer> sorted = numbers.sorted().boxed().toList();
        sorted.forEach(i -> model.put(key(i), value(i)));
        apply(sorted.stream().map(i -> new Item(key(i), value(i))));
    }

    private void remove(IntStream numbers) throws HoldfastException {
        List<Integer> list = numbers.boxed().toList();
        list.forEach(i -> model.remove(key(i)));
        apply(list.stream().map(i -> Item.remove(key(i))));
    }

    private void apply(Stream<Item> changes) throws HoldfastException {
        root = BTree.apply(nodes, nodes, root, changes.iterator());
    }

    private static byte[] key(int i) {
        return "inode-%08d".formatted(i).getBytes(java.nio.charset.StandardCharsets.UTF_8);
    }

    private static byte[] value(int i) {
        return new Generator(i).bytes(i % 50);
    }
}
