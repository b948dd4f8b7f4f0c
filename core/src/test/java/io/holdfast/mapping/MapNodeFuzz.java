package io.holdfast.mapping;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.LogRecord;
import io.holdfast.format.MapEntry;
import io.holdfast.fuzz.FuzzInput;
import io.holdfast.fuzz.FuzzOutput;
import io.holdfast.fuzz.FuzzTarget;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The nodes of a block map: looked up, walked, changed and freed. The input is a map's root and some entries of {@value
 * #NODES} nodes, to which all block numbers lead; no checksum is in the way.
 */
public final class MapNodeFuzz implements FuzzTarget {
    private static final ChangeMemory MEMORY = new ChangeMemory();
    private static final int NODES = 4;
    private static final long BLOCKS_MAX = LogRecord.FILE_BLOCKS_MAX;

    @Override
    public void run(byte[] input) {
        FuzzInput in = new FuzzInput(input);
        MapRoot root;
        try {
            root = MapRoot.decode(in.bytes(MapRoot.BYTES), 1);
        } catch (HoldfastException e) {
            return;
        }
        long[] places = {0, in.u16(), in.u64() >>> 12, BLOCKS_MAX - 1};
        Nodes nodes = new Nodes(in);
        walk(nodes, root);
        for (long place : places) {
            look(nodes, root, place);
        }
        change(nodes, root, places);
        reap(nodes, root);
    }

    private static void walk(Nodes nodes, MapRoot root) {
        Set<Long> seen = new HashSet<>();
        try {
            new MapWalk(nodes, new MapWalk.Visitor() {
                        private long last = -1;

                        @Override
                        public boolean node(BlockPointer pointer, boolean again) {
                            return seen.add(pointer.block());
                        }

                        @Override
                        public void data(long fileBlock, Mapping mapping) {
                            assertThat(fileBlock).isGreaterThan(last);
                            assertThat(mapping.block()).isPositive();
                            last = fileBlock;
                        }

                        @Override
                        public void unwritten(long fileBlock, long count) {
                            assertThat(fileBlock).isNotNegative();
                            assertThat(count).isPositive();
                        }

                        @Override
                        public boolean isFull() {
                            return false;
                        }

                        @Override
                        public void lost(long fileBlock, long count) {
                            assertThat(fileBlock).isNotNegative();
                            assertThat(count).isPositive();
                        }

                        @Override
                        public void problem(long block, HoldfastException why) {}
                    })
                    .walk(root, 0);
        } catch (HoldfastException e) {
            // Reported.
        }
    }

    private static void look(Nodes nodes, MapRoot root, long block) {
        try {
            MapTree.lookup(nodes, root, block, (word, checksum) -> {
                assertThat(MapEntry.state(word))
                        .isIn(
                                MapEntry.HOLE,
                                MapEntry.UNWRITTEN,
                                MapEntry.WRITTEN,
                                MapEntry.WRITTEN_NO_CHECKSUM,
                                MapEntry.LOST);
                assertThat(MapEntry.isData(word)).isEqualTo(MapEntry.block(word) != 0);
            });
            MapExtent run = MapTree.run(nodes, root, block);
            assertThat(run.length()).isPositive();
        } catch (HoldfastException e) {
            // Refused.
        }
    }

    private static void change(Nodes nodes, MapRoot root, long[] places) {
        DeltaMap delta = new DeltaMap(1, MEMORY);
        long data = MapEntry.word(MapEntry.WRITTEN, 4711);
        delta.putRange(places[1], 300, MapEntry.UNWRITTEN, superseded -> {});
        for (long place : places) {
            delta.put(place, data, 5, superseded -> {});
        }
        try {
            long before = nodes.data;
            MapRoot changed = MapUpdate.apply(nodes, root, delta, MapNodeFuzz::cutOff, nodes::lost);
            assertThat(changed.dataBlocks() - root.dataBlocks()).isEqualTo(nodes.data - before);
            assertThat(MapRoot.decode(changed.encode(), 1)).isEqualTo(changed);
            for (long place : places) {
                MapTree.lookup(
                        nodes,
                        changed,
                        place,
                        (word, checksum) -> assertThat(word).isEqualTo(data));
            }
        } catch (HoldfastException e) {
            // Refused.
        } finally {
            delta.release();
        }
    }

    private static void reap(Nodes nodes, MapRoot root) {
        if (MapEntry.state(root.word()) == MapEntry.NODE) {
            try {
                new MapRelease(nodes, MapNodeFuzz::cutOff)
                        .node(new BlockPointer(MapEntry.block(root.word()), root.checksum()), root.levels());
            } catch (HoldfastException e) {
                // Refused.
            }
        }
    }

    private static void cutOff(BlockPointer root, int level) {
        assertThat(root.block()).isPositive();
        assertThat(level).isBetween(1, MapEntry.LEVELS_MAX);
    }

    @Override
    public List<byte[]> seeds() {
        byte[] leaf = new MapRoot(MapEntry.word(MapEntry.NODE, 4), 0, 10, 0, 1).encode();
        byte[] tall = new MapRoot(MapEntry.word(MapEntry.NODE, 4), 0, 10, 0, 7).encode();
        return List.of(
                start(leaf)
                        .u8(0, 10, 5)
                        .u64(MapEntry.word(MapEntry.WRITTEN, 77))
                        .done(),
                start(leaf)
                        .u8(0, 0, 255)
                        .u64(MapEntry.word(MapEntry.UNWRITTEN, 0))
                        .done(),
                start(tall)
                        .u8(0, 0, 3)
                        .u64(MapEntry.word(MapEntry.NODE, 5))
                        .u8(1, 0, 3)
                        .u64(MapEntry.word(MapEntry.NODE, 6))
                        .u8(2, 0, 3)
                        .u64(MapEntry.word(MapEntry.UNWRITTEN, 0))
                        .done(),
                start(MapRoot.EMPTY.encode()).done());
    }

    private static FuzzOutput start(byte[] root) {
        return new FuzzOutput().bytes(root).u16(20).u64(1L << 40);
    }

    /** The nodes of the input, those that were written, and what a checkpoint would have been told. */
    private static final class Nodes implements MapChanges {
        private final byte[][] given = new byte[NODES][4096];
        private final Map<Long, byte[]> written = new HashMap<>();
        /** Data blocks that came, less those that went: every node that is read is dropped, but for leaked and lost ones. */
        long data;

        Nodes(FuzzInput in) {
            while (in.hasMore()) {
                byte[] node = given[in.u8() % NODES];
                int slot = in.u8();
                int count = in.u8();
                long word = in.u64();
                for (int i = slot; i <= slot + count && i < MapEntry.FANOUT; i++) {
                    MapEntry.put(node, i, word, i);
                }
            }
        }

        @Override
        public byte[] read(BlockPointer pointer, String structure) {
            data++;
            byte[] own = written.get(pointer.block());
            return own == null ? given[(int) (pointer.block() % NODES)] : own;
        }

        @Override
        public BlockPointer write(byte[] node) {
            long block = (1L << 47) + written.size();
            written.put(block, node.clone());
            return new BlockPointer(block, 1);
        }

        void lost(BlockPointer node, int level, long firstBlock, HoldfastException why) {
            assertThat(level).isBetween(1, MapEntry.LEVELS_MAX);
            assertThat(firstBlock).isNotNegative();
            data--;
        }

        @Override
        public void take(long block) {
            data++;
        }

        @Override
        public boolean drop(long block) {
            assertThat(block).isPositive();
            data--;
            return true;
        }

        @Override
        public void unwrittenChanged(long difference) {
            assertThat(difference).isNotZero();
        }

        @Override
        public void leaked(BlockPointer node, HoldfastException why) {
            data--;
        }
    }
}
