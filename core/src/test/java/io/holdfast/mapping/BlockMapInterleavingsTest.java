package io.holdfast.mapping;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Layout;
import io.holdfast.format.MapEntry;
import io.holdfast.space.Reservation;
import io.holdfast.space.SpaceManager;
import java.util.Arrays;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.ThreadIdGen;
import org.junit.jupiter.api.Test;

/**
 * The guard «cookie checked»: a mapping that is still current when it is asked for was the map's answer at one moment,
 * whatever writers and a checkpoint did meanwhile.
 */
class BlockMapInterleavingsTest {
    private static final Layout LAYOUT = new Layout(4096);
    private static final int THREADS_MAX = 4;
    private static final long BLOCK = 7;

    @Test
    void aMappingThatIsCurrentIsTheNewest() {
        new ModelCheckingOptions()
                .threads(2)
                .actorsPerThread(3)
                .actorsBefore(0)
                .actorsAfter(0)
                .iterations(15)
                .invocationsPerIteration(60)
                .sequentialSpecification(Model.class)
                .check(OneBlock.class);
    }

    /** A block of a file, written, made a hole, frozen and looked up. */
    public static final class OneBlock {
        private final SpaceManager space = new SpaceManager(LAYOUT);
        private final BlockMap map = new BlockMap(
                (pointer, structure) -> {
                    throw new IllegalStateException("nothing was committed");
                },
                space,
                new ChangeMemory(),
                MapRoot.EMPTY);
        private final Mapping[] looked = new Mapping[THREADS_MAX];

        @Operation
        public void put(@Param(gen = IntGen.class, conf = "100:103") int at) {
            map.put(BLOCK, MapEntry.word(MapEntry.WRITTEN, at), at, Reservation.NONE, 0);
        }

        @Operation
        public void punch() {
            map.putRange(BLOCK, 1, MapEntry.HOLE);
        }

        /** A checkpoint begins; there is one at a time. */
        @Operation(nonParallelGroup = "checkpoint", runOnce = true)
        public boolean freeze() {
            return map.freeze();
        }

        /** Looks a block up and keeps what it is told. */
        @Operation
        public long look(@Param(gen = ThreadIdGen.class) int thread) throws HoldfastException {
            Mapping mapping = map.lookup(BLOCK);
            looked[thread] = mapping;
            return mapping.word() == 0 ? 0 : mapping.block() * 1000 + mapping.checksum();
        }

        /** Asks whether what was looked up last still holds, as the read path does when it has read. */
        @Operation
        public boolean holds(@Param(gen = ThreadIdGen.class) int thread) throws HoldfastException {
            Mapping mapping = looked[thread];
            return mapping == null || map.isCurrent(BLOCK, mapping);
        }
    }

    /** What it must look like from outside: a number. */
    public static final class Model {
        private long block;
        private final long[] looked = new long[THREADS_MAX];
        private boolean changed;

        public Model() {
            Arrays.fill(looked, -1);
        }

        public void put(int at) {
            block = at * 1000L + at;
            changed = true;
        }

        public void punch() {
            block = 0;
            changed = true;
        }

        public boolean freeze() {
            return changed;
        }

        public long look(int thread) {
            looked[thread] = block;
            return block;
        }

        public boolean holds(int thread) {
            return looked[thread] == -1 || looked[thread] == block;
        }
    }
}
