package io.holdfast.space;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.holdfast.checksum.Checksums;
import io.holdfast.device.BufferPool;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Layout;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Updates of the space map, beside bitmaps that cannot be read. */
class SpaceMapTest {
    private final Layout layout = new Layout(128 * 40, 7);
    private final MemoryDevice device = new MemoryDevice("memory", layout.blocks());
    private final BufferPool buffers = new BufferPool(1, 4);
    private final Set<Long> unreadable = new HashSet<>();
    private final SpaceMap map;
    private long generation = 1;

    SpaceMapTest() throws HoldfastException {
        map = new SpaceMap(layout, device, Checksums.byId(1), this::read, buffers);
    }

    private byte[] read(BlockPointer pointer, String structure) throws HoldfastException {
        if (unreadable.contains(layout.groupOf(pointer.block()))) {
            throw new HoldfastException(ErrorCode.DEVICE_ERROR, structure + ": a bad sector");
        }
        return device.block(pointer.block());
    }

    @AfterEach
    void close() {
        buffers.close();
    }

    /** Returns some blocks of a group. */
    private BlockList blocks(long group, int from, int count) {
        BlockList list = new BlockList(layout);
        for (int i = from; i < from + count; i++) {
            list.add(layout.groupStart(group) + 100 + i);
        }
        return list;
    }

    private BlockList none() {
        return new BlockList(layout);
    }

    private SpaceMap.Update update(BlockList taken, BlockList dropped) throws HoldfastException {
        map.dropAgain(dropped, ++generation).forEach(dropped::add);
        return map.update(taken, dropped, generation);
    }

    private static List<Long> list(BlockList blocks) {
        List<Long> list = new ArrayList<>();
        blocks.forEach(list::add);
        return list;
    }

    @Test
    void droppedBlocksStayAllocatedWhileTheBitmapCannotBeRead() throws Exception {
        update(blocks(3, 0, 10), none());
        long allocated = map.allocated();
        unreadable.add(3L);
        SpaceMap.Update update = update(blocks(4, 0, 1), blocks(3, 0, 4));
        assertThat(list(update.kept())).isEqualTo(list(blocks(3, 0, 4)));
        assertThat(update.problems())
                .singleElement()
                .asString()
                .contains("blocks 384 to 511")
                .contains("a bad sector");
        assertThat(map.allocated()).isEqualTo(allocated + 1);
        // The next attempts come after one, two and four checkpoints, with what is dropped meanwhile.
        List<Integer> attempts = new ArrayList<>();
        for (int i = 1; i <= 8; i++) {
            SpaceMap.Update next = update(blocks(5, i, 1), none());
            if (!next.kept().isEmpty()) {
                assertThat(list(next.kept())).isEqualTo(list(blocks(3, 0, 4)));
                attempts.add(i);
            }
            assertThat(next.problems()).isEmpty();
        }
        assertThat(attempts).containsExactly(1, 3, 7);
        assertThat(map.allocated()).isEqualTo(allocated + 9);
        unreadable.clear();
        update = update(none(), blocks(3, 6, 2));
        assertThat(update.kept().isEmpty()).isTrue();
        assertThat(map.free(3)).isEqualTo(layout.usable(3) - 4);
        assertThat(map.dropAgain(none(), Long.MAX_VALUE).isEmpty()).isTrue();
    }

    @Test
    void theBitmapOfAGroupInMemoryIsNotRead() throws Exception {
        update(blocks(3, 0, 10), none());
        map.keep(3, map.version(3), map.read(3));
        unreadable.add(3L);
        assertThat(update(blocks(3, 10, 5), blocks(3, 0, 4)).kept().isEmpty()).isTrue();
        assertThat(update(blocks(3, 0, 1), blocks(3, 10, 5)).kept().isEmpty()).isTrue();
        assertThat(map.free(3)).isEqualTo(layout.usable(3) - 7);
        map.forget(3);
        assertThat(update(none(), blocks(3, 0, 1)).kept().isEmpty()).isFalse();
        unreadable.clear();
        assertThat(GroupBits.count(map.read(3))).isEqualTo(7);
    }

    @Test
    void anOldBitmapInMemoryDoesNotCount() throws Exception {
        update(blocks(3, 0, 10), none());
        long version = map.version(3);
        long[] old = map.read(3);
        update(none(), blocks(3, 0, 5));
        map.keep(3, version, old);
        update(none(), blocks(3, 5, 5));
        assertThat(map.free(3)).isEqualTo(layout.usable(3));
    }

    @Test
    void newContentInAGroupThatCannotBeReadFillsIt() throws Exception {
        update(blocks(3, 0, 10), none());
        unreadable.add(3L);
        SpaceMap.Update update = update(blocks(3, 10, 1), blocks(3, 2, 1));
        assertThat(update.filled()).containsExactly(3L);
        assertThat(update.kept().size()).isEqualTo(1);
        assertThat(update.allocatedBeside()).isEqualTo(layout.usable(3) - 10 - 1);
        assertThat(update.problems()).singleElement().asString().contains("which of blocks 384 to 511 are in use");
        assertThat(map.free(3)).isZero();
        unreadable.clear();
        assertThat(GroupBits.count(map.read(3))).isEqualTo(layout.usable(3));
        // What came and went again is no change.
        assertThat(update(blocks(3, 20, 1), blocks(3, 20, 1)).kept().isEmpty()).isTrue();
    }

    @Test
    void moreThanAFewUnreadableBitmapsAreNoRot() throws Exception {
        for (long group = 1; group <= 30; group++) {
            update(blocks(group, 0, 2), none());
            unreadable.add(group);
        }
        for (int times = 0; times < 2; times++) {
            BlockList eight = none();
            for (long group = 1 + times * 8L; group <= 8 + times * 8L; group++) {
                blocks(group, 0, 1).forEach(eight::add);
            }
            assertThat(update(none(), eight).problems()).hasSize(8);
        }
        BlockList nine = none();
        for (long group = 20; group <= 28; group++) {
            blocks(group, 0, 1).forEach(nine::add);
        }
        assertThatExceptionOfType(HoldfastException.class)
                .isThrownBy(() -> update(none(), nine))
                .withMessageContaining("than rot explains")
                .withMessageContaining("open it read-only");
    }

    /** Only the first copy is read when a volume is opened. */
    @Test
    void aTableBlockOfWhichOneCopyIsDamagedIsWrittenAgainAlthoughNothingChangesInIt() throws Exception {
        BlockPointer root = update(blocks(3, 0, 10), none()).root();
        device.setBlock(root.block(), new byte[4096]);
        SpaceMap opened = new SpaceMap(layout, device, Checksums.byId(1), this::checked, buffers);
        List<Long> damaged = new ArrayList<>();
        opened.load(root, generation, new SpaceMap.Damage() {
            @Override
            public void found(BlockPointer pointer, long first, long count, HoldfastException why) {
                throw new AssertionError(why);
            }

            @Override
            public void oneOfTwo(long block, HoldfastException why) {
                damaged.add(block);
            }
        });
        assertThat(damaged).containsExactly(root.block());
        BlockPointer written = opened.update(none(), none(), ++generation).root();
        assertThat(written.block()).isNotEqualTo(root.block());
        assertThat(checked(written, "")).isEqualTo(device.block(Layout.tableCopy(written.block())));
        assertThat(opened.free(3)).isEqualTo(layout.usable(3) - 10);
        // What the last superblock has stays as it is.
        assertThat(device.block(root.block())).containsOnly(0);
        assertThat(opened.update(none(), none(), ++generation).root()).isEqualTo(written);
    }

    private byte[] checked(BlockPointer pointer, String structure) throws HoldfastException {
        byte[] block = device.block(pointer.block());
        if (Checksums.byId(1).of(block) != pointer.checksum()) {
            throw new HoldfastException(ErrorCode.DAMAGED, structure + ": a wrong checksum");
        }
        return block;
    }
}
