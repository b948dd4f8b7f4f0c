package io.holdfast.mapping;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.MapEntry;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Takes and drops against a model that counts parents: after any changes the blocks that somebody owns are exactly those that
 * the map reaches, each with one parent.
 */
class OwnershipModelTest {
    private static final ChangeMemory MEMORY = new ChangeMemory();
    /** So many blocks that maps have up to three levels. */
    private static final long SPAN = 200_000;

    private static final MapChanges.LostNodes NOTHING_LOST = (node, level, firstBlock, why) -> {
        throw why;
    };

    @Test
    void whatIsOwnedIsWhatTheMapReaches() throws HoldfastException {
        for (int seed = 0; seed < 60; seed++) {
            Random random = new Random(seed);
            Owned owned = new Owned();
            MapRoot root = MapRoot.EMPTY;
            for (int checkpoint = 0; checkpoint < 8; checkpoint++) {
                root = MapUpdate.apply(owned, root, changes(random, root, owned), owned::cutOff, NOTHING_LOST);
                owned.releaseSome(random.nextInt(3));
            }
            owned.releaseSome(Integer.MAX_VALUE);
            Set<Long> reached = new HashSet<>();
            long data = owned.reach(root.word(), root.levels(), reached);
            assertThat(owned.parents.keySet()).as("seed %d", seed).isEqualTo(reached);
            assertThat(owned.parents.values()).as("seed %d", seed).containsOnly(1);
            assertThat(data).as("seed %d", seed).isLessThanOrEqualTo(root.dataBlocks());
            // The file is gone: nobody owns anything.
            DeltaMap gone = new DeltaMap(root.levels(), MEMORY);
            gone.drop(superseded -> {});
            assertThat(MapUpdate.apply(owned, root, gone, owned::cutOff, NOTHING_LOST))
                    .isEqualTo(MapRoot.EMPTY);
            owned.releaseSome(Integer.MAX_VALUE);
            assertThat(owned.parents).as("seed %d", seed).isEmpty();
        }
    }

    private static DeltaMap changes(Random random, MapRoot root, Owned owned) {
        DeltaMap delta = new DeltaMap(root.levels(), MEMORY);
        int count = 1 + random.nextInt(30);
        for (int i = 0; i < count; i++) {
            long block = random.nextLong(random.nextBoolean() ? 1000 : SPAN);
            switch (random.nextInt(6)) {
                case 0 -> delta.putRange(block, 1 + random.nextLong(70_000), MapEntry.HOLE, superseded -> {});
                case 1 -> delta.putRange(block, 1 + random.nextLong(2000), MapEntry.UNWRITTEN, superseded -> {});
                default -> delta.put(block, MapEntry.word(MapEntry.WRITTEN, owned.newBlock()), 1, superseded -> {});
            }
        }
        return delta;
    }

    /** Nodes in memory, and how many parents each block has. */
    private static final class Owned implements MapChanges {
        private final Map<Long, byte[]> nodes = new HashMap<>();
        private final Map<Long, Integer> parents = new HashMap<>();
        private final ArrayDeque<Subtree> cut = new ArrayDeque<>();
        private long next = 1;

        private record Subtree(BlockPointer root, int level) {}

        long newBlock() {
            return next++;
        }

        @Override
        public byte[] read(BlockPointer pointer, String structure) {
            assertThat(parents).as("a node that is read is owned").containsKey(pointer.block());
            return nodes.get(pointer.block());
        }

        @Override
        public BlockPointer write(byte[] node) {
            long block = newBlock();
            nodes.put(block, Arrays.copyOf(node, node.length));
            take(block);
            return new BlockPointer(block, 0);
        }

        @Override
        public void take(long block) {
            parents.merge(block, 1, Integer::sum);
        }

        @Override
        public boolean drop(long block) {
            assertThat(parents).as("a block that is dropped is owned").containsKey(block);
            int left = parents.merge(block, -1, Integer::sum);
            if (left == 0) {
                parents.remove(block);
            }
            return left == 0;
        }

        void cutOff(BlockPointer root, int level) {
            cut.add(new Subtree(root, level));
        }

        /** Does what later checkpoints do with subtrees that were cut off. */
        void releaseSome(int most) throws HoldfastException {
            for (int i = 0; i < most && !cut.isEmpty(); i++) {
                Subtree subtree = cut.poll();
                new MapRelease(this, this::cutOff).node(subtree.root(), subtree.level());
            }
        }

        /** Adds all blocks below an entry; returns how many of them are data. */
        long reach(long word, int level, Set<Long> reached) {
            if (MapEntry.isData(word)) {
                assertThat(reached.add(MapEntry.block(word))).isTrue();
                return 1;
            }
            long data = 0;
            if (MapEntry.state(word) == MapEntry.NODE) {
                assertThat(reached.add(MapEntry.block(word))).isTrue();
                byte[] node = nodes.get(MapEntry.block(word));
                for (int slot = 0; slot < MapEntry.FANOUT; slot++) {
                    data += reach(MapEntry.wordAt(node, slot), level - 1, reached);
                }
            }
            return data;
        }

        @Override
        public void unwrittenChanged(long difference) {}

        @Override
        public void leaked(BlockPointer node, HoldfastException why) {
            throw new AssertionError(why);
        }
    }
}
