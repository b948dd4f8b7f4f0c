package io.holdfast.btree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Item;
import io.holdfast.format.TreeRoot;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Nodes that are wrong although their checksum matches: only the checks of the tree itself protect. */
@Timeout(120)
class DamagedNodeTest {
    private static final int ITEMS = 700;

    private final MemoryNodes nodes = new MemoryNodes();
    private TreeRoot root = TreeRoot.NONE;

    @BeforeEach
    void build() throws HoldfastException {
        root = BTree.apply(
                nodes,
                nodes,
                TreeRoot.NONE,
                IntStream.range(0, ITEMS)
                        .mapToObj(i -> new Item(key(i), new byte[20 + i % 80]))
                        .iterator());
        nodes.settle();
        withoutCopy();
        assertThat(BTree.height(nodes, root)).isEqualTo(3);
    }

    /** Where the root has a copy, damage of one of the two shows nowhere. */
    private void withoutCopy() {
        nodes.remove(root.copy());
        root = new TreeRoot(root.node(), 0);
    }

    @Test
    void everyByteOfEveryNodeFlipped() throws HoldfastException {
        Generator random = new Generator(1);
        for (long block : nodes.blocks()) {
            byte[] good = nodes.read(new BlockPointer(block, block * 0x9E3779B97F4A7C15L), "");
            // The root and the last inner node in full; of the many leaves a sample that covers each offset.
            boolean all = TreeNode.decode(good, block).level() > 0;
            for (int at = all ? 0 : random.between(0, 16); at < good.length; at += all ? 1 : 17) {
                byte[] bad = good.clone();
                bad[at] ^= (byte) (random.oneIn(2) ? 1 << random.between(0, 7) : random.between(1, 255));
                exercise(nodes.with(block, bad));
            }
        }
    }

    @Test
    void everyByteOfAPatchAndItsChangesFlipped() throws HoldfastException {
        Set<Long> before = nodes.blocks();
        Found whole = walk(nodes);
        nodes.unreadable.add(whole.leaves.get(whole.leaves.size() / 2).block());
        List<Item> batch = IntStream.range(ITEMS / 2 - 20, ITEMS / 2 + 20)
                .filter(i -> i % 3 == 0)
                .mapToObj(i -> i % 2 == 0 ? Item.remove(key(i)) : new Item(key(i), new byte[9]))
                .toList();
        root = BTree.apply(nodes, nodes, root, batch.iterator(), (lost, why) -> {});
        nodes.settle();
        nodes.unreadable.clear();
        withoutCopy();
        assertThat(BTree.hasLost(nodes, root)).isTrue();
        Generator random = new Generator(1);
        for (long block : nodes.blocks()) {
            if (before.contains(block)) {
                continue;
            }
            byte[] good = nodes.read(new BlockPointer(block, block * 0x9E3779B97F4A7C15L), "");
            boolean all = PatchNode.hasMagic(good);
            for (int at = all ? 0 : random.between(0, 30); at < good.length; at += all ? 1 : 31) {
                byte[] bad = good.clone();
                bad[at] ^= (byte) (random.oneIn(2) ? 1 << random.between(0, 7) : random.between(1, 255));
                exercise(nodes.with(block, bad));
            }
        }
    }

    @Test
    void nodesOfRandomBytesBehindTheMagicNumber() throws HoldfastException {
        for (long seed : Generator.seeds(2000).toArray()) {
            Generator random = new Generator(seed);
            byte[] bad = random.bytes(4096);
            System.arraycopy(new byte[] {'H', 'F', 'T', 'N', (byte) random.between(0, 3), 0}, 0, bad, 0, 6);
            bad[7] = (byte) random.between(0, 2);
            Arrays.fill(bad, 10, 16, (byte) 0);
            exercise(nodes.with(root.node().block(), bad));
        }
    }

    @Test
    void nodesThatChangedPlaces() throws HoldfastException {
        List<Long> blocks = new ArrayList<>(nodes.blocks());
        for (long to : blocks) {
            for (long from : blocks) {
                byte[] other = nodes.read(new BlockPointer(from, from * 0x9E3779B97F4A7C15L), "");
                MemoryNodes damaged = nodes.with(to, other);
                if (to != from && to != root.node().block()) {
                    assertThat(walk(damaged).problems)
                            .as(from + " in place of " + to)
                            .isNotEmpty();
                }
                exercise(damaged);
            }
        }
    }

    @Test
    void walkGoesOnBehindADamagedNode() throws HoldfastException {
        Found whole = walk(nodes);
        assertThat(whole.items).hasSize(ITEMS);
        assertThat(whole.problems).isEmpty();
        for (BlockPointer leaf : whole.leaves) {
            Found found = walk(nodes.with(leaf.block(), new byte[4096]));
            assertThat(found.problems).singleElement().satisfies(problem -> {
                assertThat(problem.code()).isEqualTo(ErrorCode.DAMAGED);
                assertThat(problem).hasMessageContaining("tree node in block " + leaf.block() + " ");
            });
            assertThat(found.nodes).isEqualTo(whole.nodes);
            int lost = TreeNode.decode(nodes.read(leaf, ""), leaf.block()).count();
            assertThat(found.items).hasSize(ITEMS - lost);
        }
    }

    @Test
    void messageNamesStructureAndBlock() {
        assertThatThrownBy(() -> BTree.get(nodes.with(root.node().block(), new byte[4096]), root, key(1)))
                .isInstanceOf(HoldfastException.class)
                .hasMessageContaining("tree node in block " + root.node().block())
                .extracting(e -> ((HoldfastException) e).code())
                .isEqualTo(ErrorCode.DAMAGED);
    }

    /** The last item starts at its own slot, and every length fits. */
    @Test
    void anItemThatReachesIntoTheSlots() {
        int[][] items = {{300, 1024}, {300, 1024}, {300, 1024}, {1, 55}, {24, 0}};
        ByteBuffer node = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
        int at = 4096;
        for (int i = 0; i < items.length; i++) {
            at -= 4 + items[i][0] + items[i][1];
            node.putShort(16 + 2 * i, (short) at);
            node.putShort(at, (short) items[i][0]).putShort(at + 2, (short) items[i][1]);
            node.put(at + 4, (byte) (i + 1));
        }
        assertThat(at).isEqualTo(24);
        node.put(0, new byte[] {'H', 'F', 'T', 'N'});
        node.putShort(6, (short) items.length).putShort(8, (short) at);
        assertThatThrownBy(() -> TreeNode.decode(node.array(), 9)).hasMessageContaining("item 4 is out of place");
    }

    /** Everything a tree can do ends with an answer or with DAMAGED. */
    private void exercise(MemoryNodes damaged) {
        attempt(() -> BTree.get(damaged, root, key(0)));
        attempt(() -> BTree.get(damaged, root, key(ITEMS / 2)));
        attempt(() -> {
            BTreeCursor cursor = BTree.cursor(damaged, root, new byte[] {0});
            byte[] previous = {};
            for (Item item = cursor.next(); item != null; item = cursor.next()) {
                assertThat(Arrays.compareUnsigned(previous, item.key())).isNegative();
                previous = item.key();
            }
        });
        walk(damaged).problems.forEach(DamagedNodeTest::mustBeDamaged);
        attempt(() -> {
            List<Item> batch = List.of(Item.remove(key(3)), Item.remove(key(ITEMS / 2)), new Item(key(ITEMS), key(0)));
            BTree.apply(damaged, damaged, root, batch.iterator());
        });
        attempt(() -> BTree.apply(
                damaged,
                damaged.with(0, new byte[0]),
                root,
                IntStream.range(0, ITEMS).mapToObj(i -> Item.remove(key(i))).iterator()));
    }

    private Found walk(MemoryNodes in) {
        Found found = new Found();
        BTree.walk(in, root, found);
        return found;
    }

    private interface Attempt {
        void run() throws HoldfastException;
    }

    private static void attempt(Attempt attempt) {
        try {
            attempt.run();
        } catch (HoldfastException e) {
            mustBeDamaged(e);
        }
    }

    private static void mustBeDamaged(HoldfastException e) {
        if (e.code() != ErrorCode.DAMAGED || !e.getMessage().contains("tree node in block ")) {
            fail("not the right error", e);
        }
    }

    private static byte[] key(int i) {
        byte[] key = new byte[150 + i % 3];
        key[0] = (byte) (i >> 8);
        key[1] = (byte) i;
        return key;
    }

    private static final class Found implements BTree.Visitor {
        final Set<BlockPointer> nodes = new HashSet<>();
        final List<BlockPointer> leaves = new ArrayList<>();
        final List<Item> items = new ArrayList<>();
        final List<HoldfastException> problems = new ArrayList<>();

        @Override
        public void node(BlockPointer pointer, int level) {
            assertThat(nodes.add(pointer)).isTrue();
            if (level == 0) {
                leaves.add(pointer);
            }
        }

        @Override
        public void item(Item item) {
            items.add(item);
        }

        @Override
        public void lost(LostKeys lost, @Nullable HoldfastException why) {
            problems.add(TreeNode.damaged(lost.node().block(), "it was lost"));
        }

        @Override
        public void problem(BlockPointer pointer, HoldfastException problem) {
            problems.add(problem);
        }
    }
}
