package io.holdfast.bench.jmh;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.MapEntry;
import io.holdfast.mapping.ChangeMemory;
import io.holdfast.mapping.DeltaMap;
import io.holdfast.mapping.MapChanges;
import io.holdfast.mapping.MapRoot;
import io.holdfast.mapping.MapTree;
import io.holdfast.mapping.MapUpdate;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * A file's map: changes at random places, lookups in the changes and in the tree, and the work of a checkpoint on the
 * tree. Nodes stay in memory and are not verified, so this measures the map alone.
 */
@State(Scope.Thread)
public class MapBench extends HotPath {
    private static final int CHANGES = 100_000;

    /** Blocks in the map. */
    @Param({"100000", "1000000"})
    public int blocks;

    private final Nodes nodes = new Nodes();
    private final SplittableRandom random = new SplittableRandom(1);
    private final ChangeMemory memory = new ChangeMemory();
    private MapRoot root = MapRoot.EMPTY;
    private DeltaMap changes = new DeltaMap(1, memory);

    @Setup(Level.Trial)
    public void setUp() throws HoldfastException {
        DeltaMap all = new DeltaMap(1, memory);
        for (int block = 0; block < blocks; block++) {
            put(all, block);
        }
        root = MapUpdate.apply(nodes, MapRoot.EMPTY, all, (subtree, level) -> {}, MapBench::lost);
        changes = new DeltaMap(root.levels(), memory);
        for (int i = 0; i < CHANGES; i++) {
            put(changes, random.nextInt(blocks));
        }
    }

    private static void put(DeltaMap map, long block) {
        map.put(block, MapEntry.word(MapEntry.WRITTEN, 1000 + block), block * 31, superseded -> {});
    }

    @Benchmark
    public long lookupInTree() throws HoldfastException {
        long[] found = new long[1];
        MapTree.lookup(nodes, root, random.nextInt(blocks), (word, checksum) -> found[0] = word + checksum);
        return found[0];
    }

    @Benchmark
    public long lookupInChanges() {
        return changes.word(random.nextInt(blocks));
    }

    /** A change of a block that usually has a change already, as in a running server. */
    @Benchmark
    public void insert() {
        put(changes, random.nextInt(blocks));
    }

    /** A batch of changes to an empty map; the time is per change. */
    @Benchmark
    @OperationsPerInvocation(CHANGES)
    public long insertIntoNew() {
        DeltaMap fresh = new DeltaMap(root.levels(), memory);
        for (int i = 0; i < CHANGES; i++) {
            put(fresh, random.nextInt(blocks));
        }
        long bytes = fresh.bytes();
        fresh.release();
        return bytes;
    }

    /** The work of a checkpoint on the map; the time is per change. */
    @Benchmark
    @OperationsPerInvocation(CHANGES)
    public MapRoot apply() throws HoldfastException {
        nodes.mark();
        MapRoot applied = MapUpdate.apply(nodes, root, changes, (subtree, level) -> {}, MapBench::lost);
        nodes.forgetSinceMark();
        return applied;
    }

    /** Nodes by number, in memory. */
    private static final class Nodes implements MapChanges {
        private final List<byte[]> written = new ArrayList<>(List.of(new byte[0]));
        private int mark;

        void mark() {
            mark = written.size();
        }

        void forgetSinceMark() {
            written.subList(mark, written.size()).clear();
        }

        @Override
        public byte[] read(BlockPointer pointer, String structure) {
            return written.get((int) pointer.block());
        }

        @Override
        public BlockPointer write(byte[] node) {
            written.add(node.clone());
            return new BlockPointer(written.size() - 1L, 0);
        }

        @Override
        public void take(long block) {}

        @Override
        public boolean drop(long block) {
            return true;
        }

        @Override
        public void unwrittenChanged(long difference) {}

        @Override
        public void leaked(BlockPointer node, HoldfastException why) {
            throw new IllegalStateException(why);
        }
    }

    private static void lost(BlockPointer node, int level, long firstBlock, HoldfastException why)
            throws HoldfastException {
        throw why;
    }
}
