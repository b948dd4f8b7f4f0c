package io.holdfast.mapping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.holdfast.format.MapEntry;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MappingRunTest {
    private static final ChangeMemory MEMORY = new ChangeMemory();
    private static final int BLOCKS = 3000;

    @Test
    void changesTellARunWhatTheyTellEachBlock() {
        Random random = new Random(7);
        for (int round = 0; round < 200; round++) {
            DeltaMap newer = changes(random);
            DeltaMap older = changes(random);
            long first = random.nextInt(BLOCKS);
            MappingRun run = new MappingRun(1 + random.nextInt(700));
            newer.tell(first, run);
            older.tell(first, run);
            for (int i = 0; i < run.count(); i++) {
                long block = first + i;
                DeltaMap says = newer.word(block) != -1 ? newer : older;
                assertEquals(says.word(block) != -1, run.isKnown(i));
                if (run.isKnown(i)) {
                    assertEquals(MapEntry.block(says.word(block)), run.block(i));
                    assertEquals(MapEntry.state(says.word(block)) == MapEntry.WRITTEN, run.isChecksummed(i));
                }
                if (run.isChecksummed(i)) {
                    assertEquals(says.checksum(block), run.checksum(i));
                }
            }
        }
    }

    @Test
    void holesFillWhatNobodyKnows() {
        MappingRun run = new MappingRun(3);
        run.set(1, MapEntry.word(MapEntry.WRITTEN, 77), 5);
        assertEquals(0, run.nextUnknown(0));
        assertEquals(2, run.nextUnknown(1));
        run.fillHoles();
        assertEquals(3, run.nextUnknown(0));
        assertFalse(run.isData());
        assertEquals(77, run.block(1));
        MappingRun same = new MappingRun(3);
        same.set(1, MapEntry.word(MapEntry.WRITTEN, 77), 5);
        same.fillHoles();
        assertTrue(run.saysAs(same));
        same.set(1, MapEntry.word(MapEntry.WRITTEN, 77), 6);
        assertFalse(run.saysAs(same));
    }

    private static DeltaMap changes(Random random) {
        DeltaMap changes = new DeltaMap(1, MEMORY);
        for (int i = random.nextInt(400); i > 0; i--) {
            if (random.nextInt(20) == 0) {
                int first = random.nextInt(BLOCKS);
                changes.putRange(first, 1 + random.nextInt(600), MapEntry.UNWRITTEN, freed -> {});
            } else {
                int state = random.nextBoolean() ? MapEntry.WRITTEN : MapEntry.WRITTEN_NO_CHECKSUM;
                changes.put(random.nextInt(BLOCKS), MapEntry.word(state, 1 + random.nextInt(9999)), i, freed -> {});
            }
        }
        return changes;
    }
}
