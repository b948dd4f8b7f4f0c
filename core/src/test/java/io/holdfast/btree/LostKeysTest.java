package io.holdfast.btree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.error.DamagePolicy;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Item;
import io.holdfast.format.TreeRoot;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Batches meet nodes that cannot be read: what is lost is an error, all else is there, and in the end nothing is lost. */
class LostKeysTest {
    private static final int KEYS = 3000;

    private final MemoryNodes nodes = new MemoryNodes();
    private final TreeMap<byte[], byte[]> model = new TreeMap<>(Arrays::compareUnsigned);
    private TreeRoot root = TreeRoot.NONE;
    private int lost;
    private int stillLost;

    private static byte[] key(int i) {
        byte[] key = new byte[120];
        key[0] = (byte) (i >> 8);
        key[1] = (byte) i;
        return key;
    }

    /** Takes losses; {@code end} and {@code mending} as given. */
    private Losses losses(byte @Nullable [] end, Mending mending) {
        return new Losses() {
            @Override
            public void lost(LostKeys keys, HoldfastException why) {
                lost++;
            }

            @Override
            public void stillLost(LostKeys keys, HoldfastException why) {
                stillLost++;
            }

            @Override
            public byte @Nullable [] end() {
                return end;
            }

            @Override
            public Mending mending() {
                return mending;
            }
        };
    }

    private void apply(List<Item> batch, byte @Nullable [] end, Mending mending) throws HoldfastException {
        for (Item item : batch) {
            if (item.value() == null) {
                model.remove(item.key());
            } else {
                model.put(item.key(), item.value());
            }
        }
        root = BTree.apply(nodes, nodes, root, batch.iterator(), losses(end, mending));
        nodes.settle();
    }

    private void fill() throws HoldfastException {
        apply(
                IntStream.range(0, KEYS)
                        .filter(i -> i % 3 == 0)
                        .mapToObj(i -> new Item(key(i), new byte[20 + i % 50]))
                        .toList(),
                null,
                Mending.NOTHING);
    }

    /** Returns the block of the node of a level where a key belongs. */
    private long node(byte[] key, int level) throws HoldfastException {
        BlockPointer at = root.node();
        TreeNode node = TreeNode.readRoot(nodes, root);
        while (node.level() > level) {
            at = node.child(node.childFor(key));
            node = (TreeNode) Node.decode(nodes.read(at, ""), at.block());
        }
        return at.block();
    }

    private List<byte[]> scan(byte[] from, byte @Nullable [] to, DamagePolicy policy) throws HoldfastException {
        BTreeCursor cursor = BTree.cursor(nodes, root, from, to, null, policy);
        List<byte[]> keys = new ArrayList<>();
        for (Item item = cursor.next(); item != null; item = cursor.next()) {
            keys.add(item.key());
        }
        return keys;
    }

    @Test
    void whatIsChangedInALostRangeIsThereAndAllElseInItIsAnError() throws HoldfastException {
        fill();
        assertThat(BTree.height(nodes, root)).isEqualTo(3);
        nodes.unreadable.add(node(key(1500), 0));
        apply(List.of(Item.remove(key(1500)), new Item(key(1501), key(9))), null, Mending.NOTHING);
        assertThat(lost).isEqualTo(1);
        LostKeys range = BTree.lost(nodes, root, 9).getFirst();
        assertThat(nodes.unreadable).containsExactly(range.node().block());
        assertThat(BTree.get(nodes, root, key(1500))).isNull();
        assertThat(BTree.get(nodes, root, key(1501))).isEqualTo(key(9));
        assertThatThrownBy(() -> BTree.get(nodes, root, key(1502)))
                .hasMessageContaining("tree node in block " + range.node().block())
                .hasMessageContaining("is lost as long as this block cannot be read");
        assertThat(BTree.get(nodes, root, key(0))).isNotNull();
        // A scan ends with the error where the range begins, and one of what lies before or behind has none.
        List<byte[]> before = scan(key(0), range.low(), DamagePolicy.STRICT);
        assertThat(before).containsExactlyElementsOf(model.headMap(range.low()).keySet());
        assertThat(scan(range.high(), null, DamagePolicy.STRICT))
                .containsExactlyElementsOf(model.tailMap(range.high()).keySet());
        assertThatThrownBy(() -> scan(key(0), null, DamagePolicy.STRICT)).isInstanceOf(HoldfastException.class);
        assertThat(scan(range.low(), range.high(), _ -> {})).containsExactly(key(1501));
    }

    /** Nothing that belongs before, behind or beside what cannot be read makes a patch. */
    @Test
    void whatLiesBesideIsNoChangeOfIt() throws HoldfastException {
        fill();
        byte[] first = {0, 0};
        nodes.unreadable.add(node(key(0), 0));
        nodes.unreadable.add(node(key(KEYS), 0));
        apply(List.of(new Item(first, first), new Item(key(KEYS + 1), first)), key(KEYS), Mending.NOTHING);
        assertThat(lost).isZero();
        assertThat(BTree.get(nodes, root, first)).isEqualTo(first);
        assertThat(BTree.get(nodes, root, key(KEYS + 1))).isEqualTo(first);
        assertThat(BTree.get(nodes, root, key(KEYS + 7), key(KEYS))).isNull();
        nodes.unreadable.clear();
        nodes.verify(root, model, false);
    }

    /** What a patch has is not readable, either; or the patch itself is not. */
    @Test
    void aPatchIsLost() throws HoldfastException {
        fill();
        long leaf = node(key(1500), 0);
        nodes.unreadable.add(leaf);
        apply(List.of(new Item(key(1501), key(1))), null, Mending.NOTHING);
        PatchNode patch = (PatchNode) patch();
        nodes.unreadable.add(patch.changes().block());
        apply(List.of(new Item(key(1502), key(2))), null, Mending.NOTHING);
        assertThatThrownBy(() -> BTree.get(nodes, root, key(1501))).isInstanceOf(HoldfastException.class);
        assertThat(BTree.get(nodes, root, key(1502))).isEqualTo(key(2));
        nodes.unreadable.add(patchBlock());
        apply(List.of(new Item(key(1504), key(3))), null, Mending.NOTHING);
        assertThat(lost).isEqualTo(3);
        assertThatThrownBy(() -> BTree.get(nodes, root, key(1502))).isInstanceOf(HoldfastException.class);
        assertThat(BTree.get(nodes, root, key(1504))).isEqualTo(key(3));
        nodes.unreadable.clear();
        mend();
        nodes.verify(root, model, false);
    }

    /** Each time another block in the same place is lost, one more patch lies above. Their number has an end, and all come back. */
    @Test
    void oneAfterTheOtherIsLostInTheSamePlace() throws HoldfastException {
        fill();
        nodes.unreadable.add(node(key(1500), 0));
        int changes = 0;
        long last = 0;
        for (; changes < PatchNode.DEPTH_MAX; changes++) {
            apply(List.of(new Item(key(1500 + changes), key(changes))), null, Mending.NOTHING);
            PatchNode patch = (PatchNode) patch();
            assertThat(patch.depth()).isEqualTo(changes + 1);
            assertThat(BTree.get(nodes, root, key(1500 + changes))).isEqualTo(key(changes));
            last = changes % 2 == 0 ? patch.changes().block() : patchBlock();
            nodes.unreadable.add(last);
        }
        TreeRoot before = root;
        Item more = new Item(key(1499), key(1499));
        assertThatThrownBy(
                        () -> BTree.apply(nodes, nodes, root, List.of(more).iterator(), losses(null, Mending.NOTHING)))
                .hasMessageContaining("more than 8 blocks of one place in the metadata tree cannot be read")
                .hasMessageContaining("block " + last);
        assertThat(root).isEqualTo(before);
        for (int i = 0; i < changes; i++) {
            byte[] key = key(1500 + i);
            assertThatThrownBy(() -> BTree.get(nodes, root, key)).isInstanceOf(HoldfastException.class);
        }
        nodes.unreadable.clear();
        nodes.undo();
        mend();
        nodes.verify(root, model, false);
    }

    /** A part of a patch's changes cannot be read: the others of its changes are there, and new ones for that part, too. */
    @Test
    void aLeafOfTheChangesIsLost() throws HoldfastException {
        fill();
        long inner = node(key(1500), 1);
        List<Item> batch = IntStream.range(0, KEYS)
                .mapToObj(LostKeysTest::key)
                .filter(key -> node(key, 1, inner))
                .map(key -> new Item(key, new byte[900]))
                .toList();
        nodes.unreadable.add(inner);
        apply(batch, null, Mending.NOTHING);
        PatchNode patch = (PatchNode) patch();
        TreeNode changes = patch.readChanges(nodes);
        assertThat(changes.level()).isPositive();
        BlockPointer at = changes.child(changes.count() / 2);
        byte[] low = changes.key(changes.count() / 2);
        byte[] high = changes.key(changes.count() / 2 + 1);
        if (changes.level() > 1) {
            TreeNode below = TreeNode.readRoot(nodes, at, true);
            at = below.child(0);
            high = below.key(1);
        }
        nodes.unreadable.add(at.block());
        byte[] within = Arrays.copyOf(low, low.length + 1);
        apply(List.of(new Item(batch.getFirst().key(), key(1)), new Item(within, key(2))), null, Mending.NOTHING);
        assertThat(lost).isEqualTo(2);
        assertThat(((PatchNode) patch()).depth()).isEqualTo(2);
        assertThat(BTree.get(nodes, root, batch.getFirst().key())).isEqualTo(key(1));
        assertThat(BTree.get(nodes, root, within)).isEqualTo(key(2));
        assertThat(BTree.get(nodes, root, high)).hasSize(900);
        assertThatThrownBy(() -> BTree.get(nodes, root, low)).isInstanceOf(HoldfastException.class);
        // Nothing can be put back yet, and nothing grows by trying it.
        Mending mending = BTree.mending(nodes, root, 99);
        assertThat(mending.isNothing()).isTrue();
        assertThat(BTree.lost(nodes, root, 9))
                .singleElement()
                .satisfies(keys -> assertThat(keys.node().block()).isEqualTo(inner));
        nodes.unreadable.clear();
        mend();
        nodes.verify(root, model, false);
    }

    private boolean node(byte[] key, int level, long block) {
        try {
            return node(key, level) == block;
        } catch (HoldfastException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A device may take long to say that a block cannot be read. So not many are tried at once, whatever comes of it. */
    @Test
    void aSearchForWhatCanBeReadAgainTriesSoMuchAndNoMore() throws HoldfastException {
        fill();
        TreeSet<Long> leaves = new TreeSet<>();
        List<Item> batch = new ArrayList<>();
        for (int i = 0; i < KEYS; i += 3) {
            if (leaves.add(node(key(i), 0))) {
                batch.add(new Item(key(i), key(7)));
            }
        }
        assertThat(leaves).hasSizeGreaterThan(20);
        nodes.unreadable.addAll(leaves);
        apply(batch, null, Mending.NOTHING);
        nodes.reads = 0;
        assertThat(BTree.mending(nodes, root, 5).isNothing()).isTrue();
        // The root, two inner nodes at most, and for each patch itself, its changes and its base.
        assertThat(nodes.reads).isBetween(10L, 3L + 5 * 3);
        nodes.unreadable.clear();
        assertThat(BTree.mending(nodes, root, 5).merged()).hasSize(5);
        mend();
        nodes.verify(root, model, false);
    }

    /** A tree that gets smaller keeps a root that can be read. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aTreeDoesNotShrinkToANodeThatCannotBeRead(boolean first) throws HoldfastException {
        apply(
                IntStream.range(0, 40)
                        .mapToObj(i -> new Item(key(i), new byte[40]))
                        .toList(),
                null,
                Mending.NOTHING);
        TreeNode top = TreeNode.readRoot(nodes, root);
        assertThat(top.level()).isOne();
        int kept = first ? 0 : top.count() - 1;
        byte[] low = top.key(kept);
        byte @Nullable [] high = top.childHigh(kept, null);
        nodes.unreadable.add(top.child(kept).block());
        apply(
                IntStream.range(0, 40)
                        .mapToObj(LostKeysTest::key)
                        .filter(key -> Arrays.compareUnsigned(key, low) < 0
                                || (high != null && Arrays.compareUnsigned(key, high) >= 0))
                        .map(Item::remove)
                        .toList(),
                null,
                Mending.NOTHING);
        assertThat(BTree.height(nodes, root)).isEqualTo(2);
        assertThatThrownBy(() -> BTree.get(nodes, root, low)).isInstanceOf(HoldfastException.class);
        byte[] before = {0, 0, 0};
        if (!first) {
            assertThat(BTree.get(nodes, root, before)).isNull();
        }
        apply(List.of(new Item(before, low)), key(39), Mending.NOTHING);
        assertThat(BTree.get(nodes, root, before)).isEqualTo(low);
        nodes.unreadable.clear();
        mend();
        nodes.verify(root, model, false);
        apply(model.keySet().stream().map(Item::remove).toList(), null, Mending.NOTHING);
        assertThat(root).isEqualTo(TreeRoot.NONE);
    }

    /** A node can be read again, and what has changed below it cannot. That is no new loss, however many nodes it is. */
    @Test
    void whatIsLostBelowANodeThatCanBeReadAgain() throws HoldfastException {
        fill();
        long inner = node(key(1500), 1);
        TreeSet<Long> leaves = new TreeSet<>();
        List<Item> batch = new ArrayList<>();
        for (int i = 0; i < KEYS; i += 3) {
            if (node(key(i), 1) == inner && leaves.add(node(key(i), 0))) {
                batch.add(new Item(key(i), key(7)));
            }
        }
        assertThat(leaves).hasSizeGreaterThan(8);
        nodes.unreadable.add(inner);
        apply(batch, null, Mending.NOTHING);
        assertThat(lost).isEqualTo(1);
        nodes.unreadable.remove(inner);
        nodes.unreadable.addAll(leaves);
        apply(List.of(), null, BTree.mending(nodes, root, 99));
        assertThat(lost).isEqualTo(1);
        assertThat(stillLost).isEqualTo(leaves.size());
        for (Item item : batch) {
            assertThat(BTree.get(nodes, root, item.key())).isEqualTo(item.value());
        }
        nodes.unreadable.clear();
        mend();
        nodes.verify(root, model, false);
    }

    private void mend() throws HoldfastException {
        for (int i = 0; i < 8 && BTree.hasLost(nodes, root); i++) {
            apply(List.of(), null, BTree.mending(nodes, root, 99));
        }
        assertThat(BTree.hasLost(nodes, root)).isFalse();
    }

    private Node patch() throws HoldfastException {
        long block = patchBlock();
        return Node.decode(nodes.read(new BlockPointer(block, block * 0x9E3779B97F4A7C15L), ""), block);
    }

    private long patchBlock() throws HoldfastException {
        BlockPointer at = root.node();
        while (true) {
            Node node = Node.decode(nodes.read(at, ""), at.block());
            if (!(node instanceof TreeNode tree)) {
                return at.block();
            }
            for (int i = 0; i < tree.count(); i++) {
                if (tree.isPatch(i) || tree.hasLostBelow(i)) {
                    at = tree.child(i);
                }
            }
        }
    }

    static LongStream seeds() {
        return Generator.seeds(25);
    }

    /** Nodes become unreadable and readable again in any order; nothing is ever wrong, and in the end nothing is lost. */
    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void nothingIsWrongAndInTheEndNothingIsLost(long seed) throws HoldfastException {
        Generator random = new Generator(seed);
        int valueMax = random.pick(10, 100, 1000);
        fill();
        for (int batch = 0; batch < 40; batch++) {
            damage(random);
            TreeMap<byte[], Item> changes = new TreeMap<>(Arrays::compareUnsigned);
            int around = random.between(0, KEYS);
            for (int i = random.between(0, random.pick(3, 100)); i >= 0; i--) {
                byte[] key = key(random.oneIn(2) ? around + i : random.between(0, KEYS));
                byte[] value = random.oneIn(3) ? null : random.bytes(random.between(0, valueMax));
                changes.put(key, new Item(key, value));
            }
            Mending mending = random.oneIn(3) ? BTree.mending(nodes, root, 99) : Mending.NOTHING;
            apply(List.copyOf(changes.values()), key(KEYS + 200), mending);
            assertNothingWrong(random);
            if (random.oneIn(3)) {
                nodes.unreadable.removeIf(_ -> random.oneIn(4));
            }
        }
        nodes.unreadable.clear();
        assertNothingWrong(random);
        mend();
        nodes.verify(root, model, false);
    }

    private void damage(Generator random) {
        List<Long> all = new ArrayList<>(nodes.blocks());
        // One of the two copies of the root is always there.
        all.remove(nodes.unreadable.contains(root.copy()) ? root.node().block() : root.copy());
        all.sort(null);
        for (int i = random.between(0, 2); i > 0 && nodes.unreadable.size() < 12; i--) {
            nodes.unreadable.add(all.get(random.between(0, all.size() - 1)));
        }
    }

    private void assertNothingWrong(Generator random) throws HoldfastException {
        for (int i = 0; i < KEYS + 100; i += random.between(1, 40)) {
            byte[] key = key(i);
            try {
                assertThat(BTree.get(nodes, root, key)).as("key %d", i).isEqualTo(model.get(key));
            } catch (HoldfastException e) {
                assertThat(nodes.unreadable).as("%s", e).isNotEmpty();
            }
        }
        byte[] from = key(random.between(0, KEYS));
        byte[] to = key(random.between(0, KEYS));
        try {
            if (Arrays.compareUnsigned(from, to) < 0) {
                assertThat(scan(from, to, DamagePolicy.STRICT))
                        .containsExactlyElementsOf(model.subMap(from, to).keySet());
            }
        } catch (HoldfastException e) {
            assertThat(nodes.unreadable).as("%s", e).isNotEmpty();
        }
        List<HoldfastException> met = new ArrayList<>();
        List<byte[]> some = scan(key(0), null, met::add);
        if (met.isEmpty()) {
            assertThat(some).containsExactlyElementsOf(model.keySet());
        }
    }
}
