package io.holdfast.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.inject.Point;
import io.holdfast.volume.StoredFile;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Forces a race that the simulator found with an earlier form of its workload. */
class ClosingRaceTest {
    @Test
    void closingOneHandleKeepsWhatAnotherWroteIntoAFileWithoutAName() {
        List<StoredFile> second = new ArrayList<>();
        SweptVolume.run(
                it -> {
                    StoredFile first = it.volume().open("/f");
                    first.write(0, it.blocks(1, 'C'));
                    // Act while the file is emptied, which happens because this handle is the last one:
                    it.when(Point.WRITEBACK_MAPPED, other -> {
                        StoredFile file = other.volume().open("/f");
                        file.write(SweptVolume.BLOCK, other.blocks(1, 'D'));
                        other.volume().remove("/f");
                        second.add(file);
                    });
                    first.close();
                    try (StoredFile file = second.getFirst()) {
                        MemorySegment found = it.blocks(2, 'x');
                        file.read(0, found);
                        assertThat(found.mismatch(it.blocks(1, 'C'))).isEqualTo(SweptVolume.BLOCK);
                        assertThat(found.asSlice(SweptVolume.BLOCK).mismatch(it.blocks(1, 'D')))
                                .isEqualTo(-1);
                    }
                },
                null,
                0,
                null);
    }
}
