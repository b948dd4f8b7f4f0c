package io.holdfast.mapping;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Layout;
import io.holdfast.format.MapEntry;
import io.holdfast.space.SpaceManager;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.junit.jupiter.api.Test;

/**
 * The guard «cookie checked»: a mapping that is still current when it is asked for was the map's answer at one moment,
 * whatever writers and a checkpoint did meanwhile.
 */
class BlockMapInterleavingsTest {
    private static final Layout LAYOUT = new Layout(4096);

    @Test
    void aMappingThatIsCurrentIsTheNewest() {
        new ModelCheckingOptions()
                .threads(2)
                .actorsPerThread(2)
                .actorsBefore(1)
                .actorsAfter(1)
                .iterations(6)
                .invocationsPerIteration(100)
                .check(TwoBlocks.class);
    }

    /** Two blocks of a file, written, made holes, frozen and looked up. */
    @Param(name = "block", gen = IntGen.class, conf = "0:1")
    public static final class TwoBlocks {
        private final SpaceManager space = new SpaceManager(LAYOUT);
        private final BlockMap map = new BlockMap(
                (pointer, structure) -> {
                    throw new IllegalStateException("nothing was committed");
                },
                space,
                new ChangeBudget(),
                MapRoot.EMPTY);

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

        /** Reads as the read path does: looks up, does something else, and asks whether the mapping still holds. */
        @Operation
        public long read(@Param(name = "block") int block) throws HoldfastException {
            while (true) {
                Mapping mapping = map.lookup(block);
                if (map.isCurrent(block, mapping)) {
                    return mapping.word() == 0 ? 0 : mapping.block() * 1000 + mapping.checksum();
                }
            }
        }
    }
}
