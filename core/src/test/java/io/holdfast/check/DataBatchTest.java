package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.format.MapEntry;
import io.holdfast.mapping.Mapping;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class DataBatchTest {
    private final Arena memory = Arena.ofConfined();
    private final List<Known> known = new ArrayList<>();

    private record Known(long inode, long fileBlock, Mapping mapping) {}

    @AfterEach
    void close() {
        memory.close();
    }

    private DataBatch batch(int max) {
        return new DataBatch(max, memory);
    }

    private void add(DataBatch batch, long inode, long fileBlock, long block) {
        int state = block % 7 == 0 ? MapEntry.WRITTEN_NO_CHECKSUM : MapEntry.WRITTEN;
        Mapping mapping = new Mapping(MapEntry.word(state, block), ~block * 0x9e3779b97f4a7c15L, 0);
        batch.add(inode, fileBlock, mapping);
        known.add(new Known(inode, fileBlock, mapping));
    }

    private void assertHasAll(DataBatch batch) {
        batch.sort();
        assertThat(batch.blocks()).isEqualTo(known.size());
        List<Known> found = new ArrayList<>();
        for (int rank = 0; rank < batch.blocks(); rank++) {
            int index = batch.indexAt(rank);
            assertThat(batch.blockAt(rank)).isEqualTo(batch.mapping(index).block());
            found.add(new Known(batch.inode(index), batch.fileBlock(index), batch.mapping(index)));
        }
        known.sort(Comparator.comparingLong(each -> each.mapping.block()));
        assertThat(found).isEqualTo(known);
    }

    @Test
    void aBlockOfARunTakesOneCell() {
        DataBatch batch = batch(2048);
        for (int i = 0; i < 1024; i++) {
            add(batch, 5, 100 + i, 5000 + i);
        }

        assertThat(batch.size()).isLessThan(1024 + 8);
        assertThat(batch.isScattered()).isFalse();
        assertHasAll(batch);
    }

    @Test
    void anyBlockTakesTwoCellsAtMost() {
        DataBatch batch = batch(512);
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 256; i++) {
            add(batch, i / 16, i * 2L + (1L << 52), 1 + random.nextLong(1L << 30) * 256 + i);
        }

        assertThat(batch.isScattered()).isTrue();
        assertThatThrownBy(() -> add(batch, 1, 1, 1)).isInstanceOf(IllegalStateException.class);
        assertHasAll(batch);
    }

    @Test
    void oneFileAfterAnotherMakesNoRun() {
        DataBatch batch = batch(16);
        add(batch, 1, 7, 107);
        add(batch, 2, 8, 108);
        add(batch, 2, 9, 109);
        assertHasAll(batch);
    }

    @Test
    void whatComesBehindForgottenBlocksIsARunOfItsOwn() {
        DataBatch batch = batch(64);
        add(batch, 1, 0, 100);
        DataBatch.Mark mark = batch.mark();
        batch.add(1, 1, new Mapping(MapEntry.word(MapEntry.WRITTEN, 4), 0, 0));
        batch.add(9, 3, new Mapping(MapEntry.word(MapEntry.WRITTEN, 5), 0, 0));
        batch.truncate(mark);
        add(batch, 1, 1, 101);
        add(batch, 1, 2, 50);

        assertHasAll(batch);
        batch.clear();
        assertThat(batch.blocks()).isZero();
        known.clear();
        add(batch, 3, 4, 5);
        assertHasAll(batch);
    }
}
