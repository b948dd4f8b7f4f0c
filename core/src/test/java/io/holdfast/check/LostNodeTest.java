package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.device.Fault;
import io.holdfast.device.FaultDevice;
import io.holdfast.device.IoHook;
import io.holdfast.engine.Settled;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.Extent;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A checkpoint has to change a node of a map that cannot be read: it goes on, and only what was below the node is lost. */
class LostNodeTest extends PlantedDamage {
    private static final MemorySegment NEW = block((byte) 9);
    /** Blocks of a leaf; the file has 300. */
    private static final int LEAF = 256;

    private int others;

    private static MemorySegment block(byte value) {
        MemorySegment block = MemorySegment.ofArray(new byte[Block.SIZE]);
        return block.fill(value);
    }

    private static byte[] read(StoredFile file, long block) throws HoldfastException {
        MemorySegment into = block((byte) 1);
        assertThat(file.read(block * Block.SIZE, into)).isEqualTo(Block.SIZE);
        return into.toArray(ValueLayout.JAVA_BYTE);
    }

    private static void assertLost(StoredFile file, long block) {
        assertThatThrownBy(() -> read(file, block))
                .isInstanceOfSatisfying(
                        HoldfastException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DAMAGED))
                .hasMessageContaining("/data")
                .hasMessageContaining("offset " + block * Block.SIZE);
    }

    /** Opens what the last mount left; a closed device cannot be used again. */
    private Volume open() throws Exception {
        use(device.copy());
        return PlantedVolume.openReadWrite(device);
    }

    /** Others go on, and the next mount, too. */
    private void assertOthersGoOn(Volume open) throws Exception {
        PlantedVolume.assertReadable(open);
        try (StoredFile other = open.create("/other" + others++, CreateOptions.file())) {
            other.write(0, NEW, Set.of());
            other.flush();
        }
        open.checkpoint();
        assertThat(open.failure()).isEmpty();
    }

    @Test
    void aLostLeaf() throws Exception {
        long leaf = planter.mapNode(volume.data, 3, 1);
        byte[] behind = read(volume.data, LEAF);
        flip(leaf);
        try (Volume open = open();
                StoredFile file = open.open("/data")) {
            file.write(7L * Block.SIZE, NEW, Set.of());
            open.checkpoint();
            assertOthersGoOn(open);
        }
        try (Volume open = open();
                StoredFile file = open.open("/data")) {
            assertThat(open.recovery().problems())
                    .anyMatch(p -> p.contains(
                            "256 blocks of /data (inode " + volume.data + "), from offset 0 on, are lost until"));
            assertThat(open.damage()).isEqualTo(open.recovery().problems());
            assertThat(read(file, 7)).containsOnly(9);
            assertThat(read(file, LEAF)).isEqualTo(behind);
            for (int block : new int[] {0, 6, 8, LEAF - 1}) {
                assertLost(file, block);
            }
            assertThatThrownBy(() -> file.write(5, NEW.asSlice(0, 10), Set.of()))
                    .as("a part of a lost block")
                    .hasMessageContaining("offset 0");
            assertThat(file.map(0, LEAF * (long) Block.SIZE, 9))
                    .extracting(Extent::state)
                    .containsExactly(Extent.State.LOST, Extent.State.WRITTEN, Extent.State.LOST);
            // Writing heals, and so do holes.
            file.write(0, NEW, Set.of());
            file.punch(8L * Block.SIZE, Block.SIZE);
            open.checkpoint();
            assertThat(read(file, 0)).containsOnly(9);
            assertThat(read(file, 8)).containsOnly(0);
            assertLost(file, 9);
            assertOthersGoOn(open);
        }
        CheckReport report = assertFoundAlone(
                "map node", leaf, "the node of inode %d from offset 0 on was lost".formatted(volume.data));
        assertThat(report.problems()).anyMatch(p -> p.message().contains("has 253 lost blocks"));
        assertLeaked(report, LEAF);
        assertThat(report.problems()).hasSize(3);
    }

    /** What the directory tree no longer says is called by its number. */
    @Test
    void noNameIsFound() throws Exception {
        long inode;
        try (Volume open = open();
                StoredFile file = open.create("/dir/zz", CreateOptions.file())) {
            file.write(0, NEW, Set.of());
            inode = file.inode();
        }
        use(device.copy());
        flip(planter.mapNode(inode, 0, 1));
        try (Volume open = open();
                StoredFile file = open.open("/dir/zz")) {
            file.write(7L * Block.SIZE, NEW, Set.of());
            open.checkpoint();
        }
        use(device.copy());
        flip(planter.treeNode(PlantedVolume.key(volume.directory, 2, "zz"), 0));
        try (Volume open = PlantedVolume.openReadOnly(device.copy())) {
            assertThat(open.damage())
                    .anyMatch(p -> p.contains("256 blocks of inode " + inode
                            + " (its name is not known: the directory tree is damaged), from offset 0 on"));
        }
    }

    private static void assertLeaked(CheckReport report, int blocks) {
        assertThat(report.problems())
                .anyMatch(p ->
                        p.message().startsWith(blocks + " blocks are marked in use and nothing that could be read"));
    }

    private byte[] read(long inode, long fileBlock) throws HoldfastException {
        return device.block(planter.data(inode, fileBlock));
    }

    /** The root of the map, or the file's last leaf. */
    @ParameterizedTest
    @ValueSource(ints = {2, 1})
    void theFileCanBeRemoved(int level) throws Exception {
        long node = planter.mapNode(volume.data, LEAF, level);
        flip(node);
        try (Volume open = open()) {
            try (StoredFile file = open.open("/data")) {
                file.write((LEAF + 1L) * Block.SIZE, NEW, Set.of());
                open.checkpoint();
                assertThat(read(file, LEAF + 1)).containsOnly(9);
                assertLost(file, LEAF);
                if (level == 2) {
                    assertLost(file, 0);
                } else {
                    read(file, 0);
                }
            }
            open.remove("/data");
            Settled.settle(open);
            assertOthersGoOn(open);
        }
        CheckReport report = assertFoundAlone("map node", node, "was lost");
        assertThat(report.problems()).hasSize(2);
    }

    @Test
    void everythingIsPunched() throws Exception {
        long leaf = planter.mapNode(volume.data, 3, 1);
        flip(leaf);
        try (Volume open = open();
                StoredFile file = open.open("/data")) {
            file.write(7L * Block.SIZE, NEW, Set.of());
            open.checkpoint();
            file.punch(0, file.size());
            Settled.settle(open);
            assertThat(read(file, 3)).containsOnly(0);
            assertOthersGoOn(open);
        }
        CheckReport report = assertFoundAlone("map node", leaf, "was lost");
        assertThat(report.problems()).hasSize(2);
    }

    /** What was lost is said until the last block is written again; then only that its space waits for a repair. */
    @Test
    void everythingIsWrittenAgain() throws Exception {
        long leaf = planter.mapNode(volume.data, 3, 1);
        flip(leaf);
        try (Volume open = open();
                StoredFile file = open.open("/data")) {
            for (long block = 1; block < LEAF; block++) {
                file.write(block * Block.SIZE, NEW, Set.of());
            }
            open.checkpoint();
            assertThat(open.damage())
                    .singleElement()
                    .asString()
                    .contains("up to 256 blocks of /data")
                    .contains("are lost until they are written again");
            file.write(0, NEW, Set.of());
            open.checkpoint();
            assertSettled(open, leaf, "/data");
            assertOthersGoOn(open);
        }
        try (Volume open = PlantedVolume.openReadOnly(device.copy())) {
            assertSettled(open, leaf, "/data");
        }
        CheckReport report =
                assertFoundAlone("map node", leaf, "from offset 0 on was lost: nothing of the file is lost any more");
        assertLeaked(report, LEAF + 1);
        assertThat(report.problems()).hasSize(2);
    }

    private static void assertSettled(Volume open, long node, String file) throws HoldfastException {
        assertThat(open.damage())
                .singleElement()
                .asString()
                .startsWith("nothing of " + file)
                .contains("is lost any more from offset 0 on")
                .contains("block %d, which could not be read, stays allocated until".formatted(node));
    }

    @Test
    void theFileIsGone() throws Exception {
        long leaf = planter.mapNode(volume.data, 3, 1);
        flip(leaf);
        try (Volume open = open()) {
            try (StoredFile file = open.open("/data")) {
                file.write(7L * Block.SIZE, NEW, Set.of());
                open.checkpoint();
                file.truncate(0);
            }
            open.remove("/data");
            Settled.settle(open);
            assertSettled(open, leaf, "inode " + volume.data);
        }
    }

    /** Of two nodes that one file has lost, the one whose blocks were written again is told from the other. */
    @Test
    void oneOfTwoIsWrittenAgain() throws Exception {
        long first = planter.mapNode(volume.data, 3, 1);
        flip(first);
        flip(planter.mapNode(volume.data, LEAF, 1));
        try (Volume open = open();
                StoredFile file = open.open("/data")) {
            for (long block = 0; block <= LEAF; block++) {
                file.write(block * Block.SIZE, NEW, Set.of());
            }
            open.checkpoint();
            assertThat(open.damage())
                    .hasSize(2)
                    .anyMatch(line -> line.startsWith("nothing of /data") && line.contains("block " + first))
                    .anyMatch(line -> line.contains("from offset " + LEAF * Block.SIZE + " on, are lost until"));
            // Where a file ends, so does what is lost of it.
            file.truncate(LEAF * (long) Block.SIZE);
            open.checkpoint();
            assertThat(open.damage()).hasSize(2).allMatch(line -> line.startsWith("nothing of /data"));
        }
    }

    /** So many at once are no rot: the volume stops, and the old superblock has everything. */
    @Test
    void manyLostNodesLatch() throws Exception {
        int leaves = 12;
        long inode;
        try (Volume open = open();
                StoredFile file = open.create("/many", CreateOptions.file())) {
            inode = file.inode();
            for (long leaf = 0; leaf < leaves; leaf++) {
                file.write(leaf * LEAF * Block.SIZE, NEW, Set.of());
            }
        }
        List<Long> nodes = new java.util.ArrayList<>();
        for (long leaf = 0; leaf < leaves; leaf++) {
            nodes.add(planter.mapNode(inode, leaf * LEAF, 1));
        }
        nodes.forEach(this::flip);
        try (Volume open = open()) {
            try (StoredFile file = open.open("/many")) {
                for (long leaf = 0; leaf < leaves; leaf++) {
                    file.write((leaf * LEAF + 1) * Block.SIZE, NEW, Set.of());
                }
            }
            assertThatThrownBy(open::checkpoint).hasMessageContaining("more than 8 map nodes cannot be read");
            assertThat(open.failure()).isNotEmpty();
        } catch (HoldfastException e) {
            assertThat(e).hasMessageContaining("cannot be read");
        }
        nodes.forEach(this::flip);
        try (Volume open = open();
                StoredFile file = open.open("/many")) {
            for (long leaf = 0; leaf < leaves; leaf++) {
                assertThat(read(file, leaf * LEAF)).containsOnly(9);
            }
            assertOthersGoOn(open);
        }
        assertThat(PlantedVolume.check(device).problems()).isEmpty();
    }

    /** The node can be read again: the next mount puts it back below what was written meanwhile. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void whatCanBeReadAgainIsPutBack(int level) throws Exception {
        byte[] before = read(volume.data, 3);
        byte[] behind = read(volume.data, LEAF + 1);
        long node = planter.mapNode(volume.data, 3, level);
        flip(node);
        try (Volume open = open();
                StoredFile file = open.open("/data")) {
            file.write(7L * Block.SIZE, NEW, Set.of());
            open.checkpoint();
            file.punch(8L * Block.SIZE, Block.SIZE);
            assertLost(file, 3);
        }
        flip(node);
        try (Volume open = open();
                StoredFile file = open.open("/data")) {
            file.write(9L * Block.SIZE, NEW, Set.of());
            open.checkpoint();
            assertThat(read(file, 7)).containsOnly(9);
            assertThat(read(file, 8)).containsOnly(0);
            assertThat(read(file, 9)).containsOnly(9);
            assertThat(read(file, 3)).isEqualTo(before);
            assertThat(read(file, LEAF + 1)).isEqualTo(behind);
            open.checkpoint();
        }
        try (Volume open = open()) {
            assertThat(open.recovery().problems()).isEmpty();
            assertOthersGoOn(open);
        }
        assertThat(planter.superblock().features().haveLostNodes()).isFalse();
        assertThat(PlantedVolume.check(device).problems()).isEmpty();
    }

    /** The same place loses its node twice. The first one is older than what the second one had, and waits for that. */
    @Test
    void theNewestIsPutBackFirst() throws Exception {
        byte[] before = read(volume.data, 3);
        long first = planter.mapNode(volume.data, 3, 1);
        flip(first);
        try (Volume open = open();
                StoredFile file = open.open("/data")) {
            file.write(7L * Block.SIZE, NEW, Set.of());
            open.checkpoint();
        }
        long second = planter.mapNode(volume.data, 3, 1);
        flip(second);
        try (Volume open = open();
                StoredFile file = open.open("/data")) {
            file.write(8L * Block.SIZE, NEW, Set.of());
            open.checkpoint();
            assertLost(file, 7);
        }
        flip(first);
        try (Volume open = open();
                StoredFile file = open.open("/data")) {
            file.write(9L * Block.SIZE, NEW, Set.of());
            open.checkpoint();
            assertLost(file, 3);
            assertLost(file, 7);
        }
        flip(second);
        try (Volume open = open();
                StoredFile file = open.open("/data")) {
            open.checkpoint();
            assertThat(read(file, 3)).isEqualTo(before);
            for (long block = 7; block < 10; block++) {
                assertThat(read(file, block)).containsOnly(9);
            }
        }
        assertThat(PlantedVolume.check(device).problems()).isEmpty();
    }

    @Test
    void theFileIsGoneWhenItsNodeCanBeReadAgain() throws Exception {
        long leaf = planter.mapNode(volume.data, 3, 1);
        flip(leaf);
        try (Volume open = open()) {
            try (StoredFile file = open.open("/data")) {
                file.write(7L * Block.SIZE, NEW, Set.of());
                open.checkpoint();
            }
            open.remove("/data");
            open.checkpoint();
        }
        flip(leaf);
        try (Volume open = open()) {
            Settled.settle(open);
            assertOthersGoOn(open);
        }
        assertThat(PlantedVolume.check(device).problems()).isEmpty();
    }

    /** Before it believes that a node cannot be read, the checkpoint writes what it has gathered. If that fails, so does the checkpoint. */
    @Test
    void aWriteThatFailsIsNoLostNode() throws Exception {
        long leaf = planter.mapNode(volume.data, LEAF, 1);
        byte[] before = read(volume.data, LEAF);
        use(device.copy());
        flip(leaf);
        FaultDevice faulty = new FaultDevice(device, 0);
        try (Volume open = PlantedVolume.openReadWrite(faulty)) {
            try (StoredFile file = open.open("/data")) {
                file.write(3L * Block.SIZE, NEW, Set.of());
                file.write((LEAF + 1L) * Block.SIZE, NEW, Set.of());
                file.flush();
            }
            AtomicBoolean planned = new AtomicBoolean();
            faulty.setHook(new IoHook() {
                @Override
                public void before(Operation operation, long block, long blocks) {
                    boolean reads = operation == Operation.READ && block <= leaf && leaf < block + blocks;
                    if (reads && !planned.getAndSet(true)) {
                        faulty.faultWrite(1, new Fault.Fail());
                    }
                }
            });
            assertThatThrownBy(open::checkpoint).isInstanceOf(HoldfastException.class);
            assertThat(planned).isTrue();
            assertThat(open.failure()).isNotEmpty();
        } catch (HoldfastException latched) {
            assertThat(latched.code()).isIn(ErrorCode.DEVICE_ERROR, ErrorCode.FAILED);
        }
        flip(leaf);
        try (Volume open = open();
                StoredFile file = open.open("/data")) {
            assertThat(read(file, 3)).containsOnly(9);
            assertThat(read(file, LEAF + 1)).containsOnly(9);
            assertThat(read(file, LEAF)).isEqualTo(before);
            assertOthersGoOn(open);
        }
        assertThat(PlantedVolume.check(device).problems()).isEmpty();
    }

    /** Nodes are lost in any order, at any level, while blocks are written; in the end all can be read again. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void nothingIsWrongAndInTheEndNothingIsLost(int seed) throws Exception {
        Random random = new Random(seed);
        int blocks = 3 * LEAF;
        byte[] expected = new byte[blocks];
        long inode;
        try (Volume open = open();
                StoredFile file = open.create("/random", CreateOptions.file())) {
            inode = file.inode();
            for (int block = 0; block < blocks; block++) {
                expected[block] = (byte) (1 + random.nextInt(100));
                file.write(block * (long) Block.SIZE, block(expected[block]), Set.of());
            }
        }
        Set<Long> damaged = new HashSet<>();
        for (int mount = 0; mount < 8; mount++) {
            long node = planter.mapNode(inode, random.nextInt(3) * LEAF, random.nextInt(3) == 0 ? 2 : 1);
            if (node != 0 && damaged.add(node)) {
                flip(node);
            }
            try (Volume open = open();
                    StoredFile file = open.open("/random")) {
                for (int i = 0; i < 4; i++) {
                    int block = random.nextInt(blocks);
                    boolean hole = random.nextInt(4) == 0;
                    expected[block] = (byte) (hole ? 0 : 1 + random.nextInt(100));
                    if (hole) {
                        file.punch(block * (long) Block.SIZE, Block.SIZE);
                    } else {
                        file.write(block * (long) Block.SIZE, block(expected[block]), Set.of());
                    }
                }
                open.checkpoint();
                assertNothingWrong(file, expected);
                assertThat(open.failure()).isEmpty();
            }
            if (random.nextInt(3) == 0 && !damaged.isEmpty()) {
                long healed = damaged.iterator().next();
                damaged.remove(healed);
                flip(healed);
            }
        }
        damaged.forEach(this::flip);
        for (int mount = 0; mount < 2; mount++) {
            try (Volume open = open()) {
                open.checkpoint();
            }
        }
        try (Volume open = open();
                StoredFile file = open.open("/random")) {
            for (int block = 0; block < blocks; block++) {
                assertThat(read(file, block)).containsOnly(expected[block]);
            }
        }
        assertThat(planter.superblock().features().haveLostNodes()).isFalse();
        assertThat(PlantedVolume.check(device).problems()).isEmpty();
    }

    private static void assertNothingWrong(StoredFile file, byte[] expected) {
        for (int block = 0; block < expected.length; block++) {
            try {
                assertThat(read(file, block)).as("block %d", block).containsOnly(expected[block]);
            } catch (HoldfastException lost) {
                assertThat(lost.code()).isEqualTo(ErrorCode.DAMAGED);
            }
        }
    }
}
