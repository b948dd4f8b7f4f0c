package io.holdfast.check;

import static io.holdfast.check.PlantedVolume.DATA_BLOCKS;
import static io.holdfast.check.PlantedVolume.key;
import static io.holdfast.namespace.NamespaceKeys.DEAD_TREE;
import static io.holdfast.namespace.NamespaceKeys.MAP;
import static io.holdfast.namespace.NamespaceKeys.VOLUME;
import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.checksum.Checksums;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.LittleEndian;
import io.holdfast.format.MapEntry;
import io.holdfast.mapping.MapItems;
import io.holdfast.mapping.MapRoot;
import io.holdfast.volume.CheckReport;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Damage planted in block maps, and in what waits to be freed. */
class PlantedMapDamageTest extends PlantedDamage {
    private final byte[] item = MapItems.mapKey(volume.data);

    @ParameterizedTest
    @ValueSource(ints = {0, 8, -1})
    void anItemWithImpossibleLevels(int levels) throws Exception {
        planter.value(item, v -> v[32] = (byte) levels);
        assertFound("map node", NO_BLOCK, "map item of inode %d is damaged".formatted(volume.data));
    }

    @Test
    void anItemWithAnImpossibleState() throws Exception {
        planter.value(item, v -> v[6] = 2);
        assertFound("map node", NO_BLOCK, "map item of inode %d is damaged".formatted(volume.data));
    }

    @Test
    void anItemOfAnotherSize() throws Exception {
        planter.item(item, new byte[31]);
        assertFound("map node", NO_BLOCK, "has 31 bytes");
    }

    @Test
    void anItemThatCountsWrong() throws Exception {
        planter.value(item, v -> LittleEndian.putLong(v, 16, 12));
        assertFound(
                "map node",
                NO_BLOCK,
                "map item of inode %d counts 12 data blocks, there are %d".formatted(volume.data, DATA_BLOCKS));
    }

    @Test
    void anItemThatCountsPromisesWrong() throws Exception {
        planter.value(item, v -> LittleEndian.putLong(v, 24, 12));
        assertFound(
                "map node",
                NO_BLOCK,
                "map item of inode %d counts 12 unwritten blocks, there are %d"
                        .formatted(volume.data, PlantedVolume.UNWRITTEN_BLOCKS));
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 24})
    void anItemWithAnImpossibleCount(int at) throws Exception {
        planter.value(item, v -> LittleEndian.putLong(v, at, -1));
        assertFound("map node", NO_BLOCK, "map item of inode %d is damaged".formatted(volume.data));
    }

    @Test
    void anItemOfADirectory() throws Exception {
        planter.item(MapItems.mapKey(volume.directory), MapRoot.EMPTY.encode());
        assertFound("inode", NO_BLOCK, "inode " + volume.directory + " is a DIRECTORY and has a block map");
    }

    @Test
    void anItemWithALongerKey() throws Exception {
        planter.item(key(volume.middle, MAP, (byte) 1), MapRoot.EMPTY.encode());
        assertFound("inode", NO_BLOCK, "has a malformed key for its map item");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4})
    void aLostNodeItemThatCannotBe(int what) throws Exception {
        byte[] key = new byte[what == 0 ? 33 : 34];
        ByteBuffer k = ByteBuffer.wrap(key).put(8, (byte) 9).putLong(9, volume.data);
        k.put(17, (byte) (what == 1 ? 8 : 1)).put(18, (byte) (what == 4 ? -1 : 0));
        k.put(key.length - 1, (byte) (what == 2 ? 0 : 77));
        planter.item(key, new byte[what == 3 ? 15 : 16]);
        assertFound("map node", NO_BLOCK, "the item of a lost node is damaged");
    }

    @Test
    void aLostNodeItemOfAFile() throws Exception {
        planter.item(key(volume.data, 9, (byte) 1), new byte[16]);
        assertFound("inode", NO_BLOCK, "inode %d has a misplaced lost node item".formatted(volume.data));
    }

    @Test
    void aLostNodeThatIsInUse() throws Exception {
        long block = planter.mapNode(volume.data, 3, 1);
        byte[] key = ByteBuffer.allocate(34)
                .putLong(0)
                .put((byte) 9)
                .putLong(volume.data)
                .put((byte) 1)
                .putLong(0)
                .putLong(block)
                .array();
        planter.item(key, new byte[16]);
        assertFound("map node", block, "is used twice");
    }

    @Test
    void lostWithABlock() throws Exception {
        long block = planter.mapNode(volume.data, 3, 1);
        planter.mapNode(volume.data, 3, 1, node -> setState(node, 3, MapEntry.LOST));
        assertFound("map node", block, "entry 3 of a node of level 1");
    }

    @Test
    void moreLevelsThanThereAre() throws Exception {
        long root = MapEntry.block(planter.map(volume.data).word());
        planter.value(item, v -> v[32] = 1);
        assertFound("map node", root, "map node is damaged: entry 0 of a node of level 1");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void aFlippedBit(int level) throws Exception {
        long block = planter.mapNode(volume.data, 3, level);
        flip(block);
        assertFound("map node", block, "map node in block " + block + " is damaged");
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 5, 6, 15})
    void anEntryOfALeafWithAnImpossibleState(int state) throws Exception {
        long block = planter.mapNode(volume.data, 3, 1);
        planter.mapNode(volume.data, 3, 1, node -> setState(node, 3, state));
        assertFound("map node", block, "entry 3 of a node of level 1");
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 5, 6, 15})
    void anEntryOfAnInnerNodeWithAnImpossibleState(int state) throws Exception {
        long block = planter.mapNode(volume.data, 3, 2);
        planter.mapNode(volume.data, 3, 2, node -> setState(node, 0, state));
        assertFound("map node", block, "entry 0 of a node of level 2");
    }

    private static void setState(byte[] node, int slot, int state) {
        long word = MapEntry.wordAt(node, slot) & ~(15L << 44);
        MapEntry.put(node, slot, word | (long) state << 44, MapEntry.checksumAt(node, slot));
    }

    /** Bits of features that no version of today has: shared, in a compressed run. */
    @ParameterizedTest
    @ValueSource(ints = {48, 49, 53, 54, 58, 59, 63})
    void anEntryWithABitOfTheFuture(int bit) throws Exception {
        long block = planter.mapNode(volume.data, 3, 1);
        planter.mapNode(
                volume.data,
                3,
                1,
                node -> MapEntry.put(node, 3, MapEntry.wordAt(node, 3) ^ 1L << bit, MapEntry.checksumAt(node, 3)));
        assertFound("map node", block, "entry 3 of a node of level 1");
    }

    @Test
    void aHoleThatHasABlock() throws Exception {
        long block = planter.mapNode(volume.data, 3, 1);
        planter.mapNode(volume.data, 3, 1, node -> setState(node, 3, MapEntry.HOLE));
        assertFound("map node", block, "entry 3 of a node of level 1");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, PlantedVolume.BLOCKS, (1L << 44) - 1})
    void dataThatCannotBeThere(long block) throws Exception {
        planter.mapNode(volume.data, 3, 1, node -> MapEntry.put(node, 3, MapEntry.word(MapEntry.WRITTEN, block), 1));
        assertFound(
                "map node",
                block,
                "the map of inode %d points to block %d, which cannot be".formatted(volume.data, block));
    }

    @Test
    void aNodeThatCannotBeThere() throws Exception {
        planter.mapNode(
                volume.data,
                3,
                2,
                node -> MapEntry.put(node, 0, MapEntry.word(MapEntry.NODE, PlantedVolume.BLOCKS), 1));
        assertFound("map node", PlantedVolume.BLOCKS, "block " + PlantedVolume.BLOCKS + ", which cannot be");
    }

    @Test
    void aBlockUsedTwice() throws Exception {
        long block = planter.data(volume.raw, 0);
        planter.mapNode(volume.raw, 1, 1, node -> MapEntry.put(node, 1, MapEntry.wordAt(node, 0), 0));
        assertFound("map node", block, "block %d is used twice".formatted(block));
    }

    @Test
    void aNodeUsedTwice() throws Exception {
        long block = planter.mapNode(volume.data, 0, 1);
        planter.mapNode(
                volume.data,
                0,
                2,
                node -> MapEntry.put(node, 1, MapEntry.wordAt(node, 0), MapEntry.checksumAt(node, 0)));
        assertFound("map node", block, "block %d is used twice".formatted(block));
    }

    @Test
    void oneNodeInEveryEntryOfEveryLevel() throws Exception {
        // 256^7 ways down: a walk that followed all of them would not end. Only a checksum that allows itself to be
        // a part of what it sums up makes more of them; six nodes, each all over its parent, do as well.
        long[] free = {planter.freeBlock()};
        MapRoot root = planter.map(volume.data);
        long word = root.word();
        long checksum = root.checksum();
        for (int level = 3; level <= 7; level++) {
            byte[] node = new byte[4096];
            for (int slot = 0; slot < MapEntry.FANOUT; slot++) {
                MapEntry.put(node, slot, word, checksum);
            }
            long block = free[0]--;
            device.setBlock(block, node);
            word = MapEntry.word(MapEntry.NODE, block);
            checksum = Checksums.byId(planter.superblock().checksumId()).of(node);
        }
        planter.item(item, new MapRoot(word, checksum, root.dataBlocks(), root.unwrittenBlocks(), 7).encode());
        assertFound("map node", MapEntry.block(root.word()), "is used twice");
    }

    @Test
    void aBlockWithoutChecksumInAFileWithChecksums() throws Exception {
        long block = planter.data(volume.data, 3);
        planter.mapNode(
                volume.data,
                3,
                1,
                node -> MapEntry.put(node, 3, MapEntry.word(MapEntry.WRITTEN_NO_CHECKSUM, block), 0));
        assertFound("map node", block, "inode %d is checksummed, but block %d".formatted(volume.data, block));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 8})
    void aDeadTreeOfImpossibleLevel(int level) throws Exception {
        BlockPointer root = kill(level);
        assertFound("map node", NO_BLOCK, "dead tree item for block %d is damaged".formatted(root.block()));
    }

    @Test
    void aDeadTreeOfAnotherLevel() throws Exception {
        BlockPointer root = kill(1);
        assertFound("map node", root.block(), "entry 0 of a node of level 1");
    }

    @Test
    void aDeadTreeWithAFlippedBit() throws Exception {
        BlockPointer root = kill(2);
        flip(root.block());
        assertFound("map node", root.block(), "map node in block " + root.block() + " is damaged");
    }

    @Test
    void aDeadTreeThatIsInUse() throws Exception {
        MapRoot map = planter.map(volume.data);
        planter.item(deadKey(map), dead(map, 2));
        assertFound("map node", MapEntry.block(map.word()), "is used twice");
    }

    @Test
    void aDeadTreeWithAnotherKey() throws Exception {
        planter.item(key(VOLUME, DEAD_TREE, (byte) 1), new byte[17]);
        assertFound("inode", NO_BLOCK, "misplaced or malformed dead tree item");
    }

    @Test
    void aDeadTreeIsNoDamage() throws Exception {
        kill(2);
        CheckReport report = PlantedVolume.check(device);
        assertThat(report.problems()).isEmpty();
    }

    /** Turns the map of a file into a subtree that waits to be freed. */
    private BlockPointer kill(int level) throws Exception {
        MapRoot map = planter.map(volume.data);
        planter.remove(item);
        planter.item(deadKey(map), dead(map, level));
        return new BlockPointer(MapEntry.block(map.word()), map.checksum());
    }

    private byte[] deadKey(MapRoot map) {
        return key(
                VOLUME,
                DEAD_TREE,
                ByteBuffer.allocate(8).putLong(MapEntry.block(map.word())).array());
    }

    private byte[] dead(MapRoot map, int level) {
        return ByteBuffer.allocate(17)
                .putLong(volume.data)
                .putLong(map.checksum())
                .put((byte) level)
                .array();
    }
}
