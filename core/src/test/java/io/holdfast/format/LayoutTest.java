package io.holdfast.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LayoutTest {
    private static final long TIB = 1L << 28;

    @ParameterizedTest
    @CsvSource({
        "512,7",
        "600,7",
        "1200,8",
        "4096,7",
        "4100,7",
        "40000,7",
        "4096,15",
        "32768,15",
        "32805,15",
        "32806,15",
        "9000000,15"
    })
    void everyFixedBlockBelongsToOneStructure(long blocks, int groupLog2) {
        Layout layout = new Layout(blocks, groupLog2);
        Set<Long> places = new HashSet<>();
        for (int copy = 0; copy < layout.superblockCopies(); copy++) {
            add(places, layout, layout.superblock(copy, 0));
            add(places, layout, layout.superblock(copy, 1));
        }
        for (long group = 0; group < layout.groups(); group++) {
            add(places, layout, layout.bitmapHome(group, 0));
            add(places, layout, layout.bitmapHome(group, 1));
        }
        for (int level = 0; level < layout.tableLevels(); level++) {
            for (long index = 0; index < layout.tableWidth(level); index++) {
                add(places, layout, layout.tableHome(level, index, 0));
                add(places, layout, layout.tableHome(level, index, 1));
                add(places, layout, Layout.tableCopy(layout.tableHome(level, index, 0)));
                add(places, layout, Layout.tableCopy(layout.tableHome(level, index, 1)));
            }
        }
        assertThat(layout.tableWidth(layout.tableLevels() - 1)).isOne();
        long usable = 0;
        for (long group = 0; group < layout.groups(); group++) {
            long free = 0;
            for (long block = layout.groupStart(group); block < layout.groupEnd(group); block++) {
                free += layout.isFixed(block) ? 0 : 1;
            }
            assertThat(layout.usable(group)).isEqualTo((int) free).isPositive();
            usable += free;
        }
        for (long block = layout.groupEnd(layout.groups() - 1); block < blocks; block++) {
            assertThat(layout.isFixed(block)).isTrue();
        }
        assertThat(usable).isLessThan(blocks);
    }

    private static void add(Set<Long> places, Layout layout, long block) {
        assertThat(places.add(block)).as("block %d", block).isTrue();
        assertThat(layout.isFixed(block)).isTrue();
        assertThat(block).isLessThan(layout.blocks());
    }

    /** A volume that grows keeps everything where it is. */
    @Test
    void placesDoNotDependOnTheSize() {
        Layout small = new Layout(4096);
        for (Layout large : new Layout[] {new Layout(TIB), new Layout(16 * TIB), new Layout(Superblock.MAX_BLOCKS)}) {
            for (int copy = 0; copy < small.superblockCopies(); copy++) {
                assertThat(large.superblock(copy, 0)).isEqualTo(small.superblock(copy, 0));
            }
            assertThat(large.bitmapHome(0, 1)).isEqualTo(small.bitmapHome(0, 1));
            assertThat(large.tableHome(0, 0, 1)).isEqualTo(small.tableHome(0, 0, 1));
            assertThat(large.headBlocks(0)).isEqualTo(small.headBlocks(0));
        }
    }

    @Test
    void largeVolumesAreDescribedInFewBlocks() {
        Layout layout = new Layout(16 * TIB);
        assertThat(layout.groups()).isEqualTo(131_072);
        assertThat(layout.tableWidth(0)).isEqualTo(1024);
        assertThat(layout.tableLevels()).isEqualTo(3);
        assertThat(layout.superblockCopies()).isEqualTo(8);
        assertThat(new Layout(Superblock.MAX_BLOCKS).tableLevels()).isEqualTo(4);
    }
}
