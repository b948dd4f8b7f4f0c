package io.holdfast.bench.jmh;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Layout;
import io.holdfast.format.MapEntry;
import io.holdfast.mapping.BlockMap;
import io.holdfast.mapping.ChangeMemory;
import io.holdfast.mapping.MapRoot;
import io.holdfast.mapping.Mapping;
import io.holdfast.space.SpaceManager;
import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A map with the lock and the accounting around its changes; {@link MapBench} measures the map alone. */
@State(Scope.Benchmark)
public class BlockMapBench extends HotPath {
    private static final int BLOCKS = 100_000;

    private final SplittableRandom places = new SplittableRandom(1);
    private BlockMap map = make();

    private static BlockMap make() {
        return new BlockMap(
                (pointer, structure) -> {
                    throw new IllegalStateException("an empty tree has no nodes");
                },
                new SpaceManager(new Layout(1 << 20)),
                new ChangeMemory(),
                MapRoot.EMPTY);
    }

    @Setup
    public void setUp() {
        map = make();
        for (int block = 0; block < BLOCKS; block++) {
            map.putRange(block, 1, MapEntry.HOLE);
        }
    }

    /** Looks up a block that changed since the last checkpoint. */
    @Benchmark
    public Mapping lookup() throws HoldfastException {
        return map.lookup(place());
    }

    /** Asks whether a mapping still holds, as every read does. */
    @Benchmark
    public boolean isCurrent() throws HoldfastException {
        long block = place();
        return map.isCurrent(block, map.lookup(block));
    }

    private long place() {
        return places.nextInt(BLOCKS);
    }
}
