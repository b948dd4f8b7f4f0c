package io.holdfast.btree;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.format.TreeRoot;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Random batches against a {@link TreeMap}; after each: content, leaks, double frees, fill and the nodes' bound. */
class BTreePropertyTest {
    /** What keys, values and batches of one run look like. */
    private record Shape(int keyMax, int valueMax, int keySpace, int batchMax, int removePercent) {}

    private final MemoryNodes nodes = new MemoryNodes();
    private final TreeMap<byte[], byte[]> model = new TreeMap<>(Arrays::compareUnsigned);
    private TreeRoot root = TreeRoot.NONE;

    static LongStream seeds() {
        return Generator.seeds(120);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void behavesLikeASortedMap(long seed) throws HoldfastException {
        Generator random = new Generator(seed);
        Shape shape = new Shape(
                random.pick(3, 20, Item.KEY_MAX),
                random.pick(0, 60, Item.VALUE_MAX),
                random.pick(30, 1000, 100_000),
                random.pick(1, 20, 600),
                random.pick(10, 50));
        for (int batch = 0; batch < 60; batch++) {
            boolean shrink = batch % 12 > 7;
            apply(random, shape, shrink ? 90 : shape.removePercent);
            probe(random, shape);
        }
        apply(model.keySet().stream().map(Item::remove).toList());
        assertThat(root).isEqualTo(TreeRoot.NONE);
        assertThat(nodes.size()).isZero();
    }

    private void apply(Generator random, Shape shape, int removePercent) throws HoldfastException {
        TreeMap<byte[], Item> batch = new TreeMap<>(Arrays::compareUnsigned);
        int size = random.between(1, shape.batchMax);
        byte[] from = key(random, shape);
        boolean neighbours = random.oneIn(3);
        for (int i = 0; i < size; i++) {
            byte[] key =
                    neighbours ? existing(from) : random.oneIn(2) ? existing(key(random, shape)) : key(random, shape);
            from = Arrays.copyOf(key, Math.min(key.length + 1, Item.KEY_MAX));
            boolean remove = random.between(1, 100) <= removePercent;
            byte[] value = remove ? null : random.bytes(random.between(0, shape.valueMax));
            batch.put(key, new Item(key, value));
        }
        apply(List.copyOf(batch.values()));
    }

    private void apply(List<Item> batch) throws HoldfastException {
        int height = BTree.height(nodes, root);
        long bytes = 0;
        for (Item item : batch) {
            bytes += item.key().length + (item.value() == null ? 0 : item.value().length);
            if (item.value() == null) {
                model.remove(item.key());
            } else {
                model.put(item.key(), item.value());
            }
        }
        long loose = BTree.nodesBound(batch.size(), bytes, height);
        long close = BTree.nodesBound(batch.size(), bytes, height, nodes.size());
        root = BTree.apply(nodes, nodes, root, batch.iterator());
        assertThat(nodes.writes).as("nodes written").isLessThanOrEqualTo(close);
        assertThat(close).isLessThanOrEqualTo(loose);
        nodes.settle();
        nodes.verify(root, model);
    }

    private void probe(Generator random, Shape shape) throws HoldfastException {
        for (int i = 0; i < 5; i++) {
            byte[] key = random.oneIn(2) ? existing(key(random, shape)) : key(random, shape);
            assertThat(BTree.get(nodes, root, key)).isEqualTo(model.get(key));
        }
        byte[] from = key(random, shape);
        BTreeCursor cursor = BTree.cursor(nodes, root, from);
        List<byte[]> keys = new ArrayList<>();
        for (Item item = cursor.next(); item != null; item = cursor.next()) {
            keys.add(item.key());
        }
        assertThat(keys).containsExactlyElementsOf(model.tailMap(from).keySet());
    }

    private byte[] existing(byte[] near) {
        Map.Entry<byte[], byte[]> entry = model.ceilingEntry(near);
        return entry == null ? near : entry.getKey();
    }

    /** A key whose length and content follow from its number, so that numbers meet again. */
    private static byte[] key(Generator random, Shape shape) {
        int number = random.between(1, shape.keySpace);
        Generator fixed = new Generator(number);
        return fixed.bytes(fixed.between(1, shape.keyMax));
    }
}
