package io.holdfast.mapping;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Layout;
import io.holdfast.format.MapEntry;
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
                .check(TwoBlocks.class);
    }

    /** Two blocks of a file, written, made holes, frozen and looked up. */
    @Param(name = "block", gen = IntGen.class, conf = "0:0")
    public static final class TwoBlocks {
        private final SpaceManager space = new SpaceManager(LAYOUT);
        private final BlockMap map = new BlockMap(
                (pointer, structure) -> {
                    throw new IllegalStateException("nothing was committed");
                },
                space,
                new ChangeBudget(),
                MapRoot.EMPTY);
        private final Mapping[] looked = new Mapping[THREADS_MAX];
        private final int[] of = new int[THREADS_MAX];

        @Operation
        public void put(@Param(name = "block") int block, @Param(gen = IntGen.class, conf = "100:103") int at) {
            map.put(block, MapEntry.word(MapEntry.WRITTEN, at), at, 0);
        }

        @Operation
        public void punch(@Param(name = "block") int block) {
            map.putRange(block, 1, MapEntry.HOLE, 0);
        }

        /** A checkpoint begins; there is one at a time. */
        @Operation(nonParallelGroup = "checkpoint", runOnce = true)
        public boolean freeze() {
            return map.freeze();
        }

        /** Looks a block up and keeps what it is told. */
        @Operation
        public long look(@Param(name = "block") int block, @Param(gen = ThreadIdGen.class) int thread)
                throws HoldfastException {
            Mapping mapping = map.lookup(block);
            looked[thread] = mapping;
            of[thread] = block;
            return mapping.word() == 0 ? 0 : mapping.block() * 1000 + mapping.checksum();
        }

        /** Asks whether what was looked up last still holds, as the read path does when it has read. */
        @Operation
        public boolean holds(@Param(gen = ThreadIdGen.class) int thread) throws HoldfastException {
            Mapping mapping = looked[thread];
            return mapping == null || map.isCurrent(of[thread], mapping);
        }
    }

    /** What it must look like from outside: two numbers. */
    public static final class Model {
        private final long[] blocks = new long[2];
        private final long[] looked = new long[THREADS_MAX];
        private final int[] of = new int[THREADS_MAX];
        private boolean changed;

        public Model() {
            Arrays.fill(looked, -1);
        }

        public void put(int block, int at) {
            blocks[block] = at * 1000L + at;
            changed = true;
        }

        public void punch(int block) {
            blocks[block] = 0;
            changed = true;
        }

        public boolean freeze() {
            return changed;
        }

        public long look(int block, int thread) {
            looked[thread] = blocks[block];
            of[thread] = block;
            return blocks[block];
        }

        public boolean holds(int thread) {
            return looked[thread] == -1 || looked[thread] == blocks[of[thread]];
        }
    }
}
