package io.holdfast.check;

import static io.holdfast.check.PlantedVolume.DATA_BLOCKS;
import static io.holdfast.check.PlantedVolume.UNWRITTEN_BLOCKS;
import static io.holdfast.check.PlantedVolume.key;
import static io.holdfast.namespace.NamespaceKeys.ATTRIBUTE;
import static io.holdfast.namespace.NamespaceKeys.DEAD_TREE;
import static io.holdfast.namespace.NamespaceKeys.ENTRY;
import static io.holdfast.namespace.NamespaceKeys.HIGH_WATER;
import static io.holdfast.namespace.NamespaceKeys.INODE;
import static io.holdfast.namespace.NamespaceKeys.LINK_TARGET;
import static io.holdfast.namespace.NamespaceKeys.MAP;
import static io.holdfast.namespace.NamespaceKeys.ORPHAN;
import static io.holdfast.namespace.NamespaceKeys.ROOT;
import static io.holdfast.namespace.NamespaceKeys.VOLUME;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.holdfast.checksum.Checksums;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Layout;
import io.holdfast.format.LittleEndian;
import io.holdfast.format.LogEntry;
import io.holdfast.format.LogPosition;
import io.holdfast.format.LogRecord;
import io.holdfast.format.MapEntry;
import io.holdfast.format.Superblock;
import io.holdfast.mapping.MapItems;
import io.holdfast.mapping.MapRoot;
import io.holdfast.storage.BlockPointer;
import io.holdfast.storage.Item;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.Progress;
import io.holdfast.volume.Volume;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every kind of damage is found, in each structure: a flipped bit by its checksum, and wrong content under right
 * checksums by what it says. A second damage planted elsewhere is found as well, and nothing is thrown.
 */
@Timeout(60)
class PlantedDamageTest {
    private static final long NO_BLOCK = -1;

    private static PlantedVolume volume;

    private MemoryDevice device = volume.closed.copy();
    private Planter planter;

    {
        use(volume.closed.copy());
    }

    @BeforeAll
    static void makeVolume() throws Exception {
        volume = new PlantedVolume();
    }

    /** Whatever was planted: what else there is can be copied off. */
    @AfterEach
    void opensReadOnly() throws Exception {
        PlantedVolume.openReadOnly(device.copy()).close();
    }

    private void use(MemoryDevice image) {
        try {
            device = image;
            planter = new Planter(device);
        } catch (HoldfastException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Checks, with one more damage somewhere else, and finds both. */
    private void assertFound(String structure, long block, String message) throws Exception {
        long canary = planter.data(volume.canary, 0);
        device.flipBit(canary, 9);
        CheckReport report = assertFoundAlone(structure, block, message);
        assertThat(report.problems()).anyMatch(p -> p.structure().equals("data") && p.block() == canary);
    }

    private CheckReport assertFoundAlone(String structure, long block, String message) throws Exception {
        CheckReport report = PlantedVolume.check(device);
        assertThat(report.clean()).isFalse();
        assertThat(report.problems()).anySatisfy(p -> {
            assertThat(p.structure()).isEqualTo(structure);
            assertThat(p.block()).isEqualTo(block);
            assertThat(p.message()).contains(message);
        });
        return report;
    }

    /** Damages the bytes of a block and leaves the checksums as they are. */
    private void flip(long block) {
        device.flipBit(block, 8 * 4000 + 3);
    }

    @Test
    void theVolumeIsCleanBeforeAnythingIsPlanted() throws Exception {
        assertThat(PlantedVolume.check(device).problems()).isEmpty();
        assertThat(PlantedVolume.check(volume.crashed.copy()).problems()).isEmpty();
        assertThat(planter.treeHeight()).isGreaterThanOrEqualTo(2);
        assertThat(planter.map(volume.data).levels()).isEqualTo(2);
        assertThat(planter.layout().spaceMapLevels()).isEqualTo(2);
    }

    @Nested
    class InTheSuperblock {
        @ParameterizedTest
        @CsvSource({"0,0", "0,1", "1,0", "1,1", "2,0", "2,1", "3,0", "3,1"})
        void aFlippedBit(int copy, int slot) throws Exception {
            long block = planter.layout().superblock(copy, slot);
            flip(block);
            if (copy == 0) {
                // The planter reads copy 0.
                assertFoundAlone("superblock", block, "superblock in block " + block);
            } else {
                assertFound("superblock", block, "superblock in block " + block);
            }
        }

        @ParameterizedTest
        @ValueSource(ints = {1, 2, 3})
        void aCopyThatWasNotWritten(int copy) throws Exception {
            Superblock s = planter.superblock();
            long block = planter.layout().superblock(copy, (int) (s.generation() % Layout.SUPERBLOCK_SLOTS));
            Superblock old = withGeneration(s, s.generation() - 2);
            planter.superblock(copy, old);
            assertFound("superblock", block, "a write was lost");
        }

        @Test
        void aCopyThatSaysSomethingElse() throws Exception {
            Superblock s = planter.superblock();
            Superblock other = new Superblock(
                    s.checksumId(),
                    s.uuid(),
                    "other",
                    s.blocks(),
                    s.generation(),
                    s.treeRoot(),
                    s.spaceRoot(),
                    s.log(),
                    s.allocatedBlocks(),
                    s.unwrittenBlocks(),
                    s.clean());
            planter.superblock(2, other);
            long block = planter.layout().superblock(2, (int) (s.generation() % Layout.SUPERBLOCK_SLOTS));
            assertFound("superblock", block, "differs");
        }

        @Test
        void aWrongCountOfAllocatedBlocks() throws Exception {
            long allocated = planter.superblock().allocatedBlocks();
            planter.counts(allocated + 1, UNWRITTEN_BLOCKS);
            assertFound(
                    "superblock",
                    NO_BLOCK,
                    "counts %d allocated blocks, there are %d".formatted(allocated + 1, allocated));
        }

        @Test
        void aWrongCountOfUnwrittenBlocks() throws Exception {
            planter.counts(planter.superblock().allocatedBlocks(), 7);
            assertFound("superblock", NO_BLOCK, "counts 7 unwritten blocks, there are " + UNWRITTEN_BLOCKS);
        }

        @Test
        void aLogThatCannotBeThere() throws Exception {
            planter.superblock(s -> withLog(s, new LogPosition(1L << 40, 5, 6, 7, -8, 1L << 60, 9, 1L << 61)));
            assertFound("superblock", NO_BLOCK, "the log goes on in block " + (1L << 40));
        }

        @ParameterizedTest
        @ValueSource(longs = {1, 2, PlantedVolume.BLOCKS - 1, PlantedVolume.BLOCKS, 1L << 50, -1, Long.MIN_VALUE})
        void aRootThatCannotBeThere(long block) throws Exception {
            planter.superblock(s -> withRoots(s, new BlockPointer(block, 1), s.spaceRoot()));
            assertFoundAlone("tree node", block, "block " + block);
        }

        @Test
        void anEmptyTree() throws Exception {
            planter.superblock(s -> withRoots(s, BlockPointer.NONE, s.spaceRoot()));
            assertFoundAlone("inode", NO_BLOCK, "has no record");
        }

        private Superblock withGeneration(Superblock s, long generation) {
            return new Superblock(
                    s.checksumId(),
                    s.uuid(),
                    s.label(),
                    s.blocks(),
                    generation,
                    s.treeRoot(),
                    s.spaceRoot(),
                    s.log(),
                    s.allocatedBlocks(),
                    s.unwrittenBlocks(),
                    s.clean());
        }

        private Superblock withLog(Superblock s, LogPosition log) {
            return new Superblock(
                    s.checksumId(),
                    s.uuid(),
                    s.label(),
                    s.blocks(),
                    s.generation(),
                    s.treeRoot(),
                    s.spaceRoot(),
                    log,
                    s.allocatedBlocks(),
                    s.unwrittenBlocks(),
                    s.clean());
        }

        private Superblock withRoots(Superblock s, BlockPointer tree, BlockPointer space) {
            return new Superblock(
                    s.checksumId(),
                    s.uuid(),
                    s.label(),
                    s.blocks(),
                    s.generation(),
                    tree,
                    space,
                    s.log(),
                    s.allocatedBlocks(),
                    s.unwrittenBlocks(),
                    s.clean());
        }
    }

    @Nested
    class InATreeNode {
        private final byte[] middle = key(volume.middle, INODE);

        @Test
        void aFlippedBitInALeaf() throws Exception {
            long block = planter.treeNode(middle, 0);
            flip(block);
            assertFound("tree node", block, "block " + block);
        }

        @Test
        void aFlippedBitInTheRoot() throws Exception {
            long block = planter.superblock().treeRoot().block();
            flip(block);
            CheckReport report = assertFoundAlone("tree node", block, "checksum does not match");
            // What the root hides is told in one line, not in one for each block.
            assertThat(report.problemCount()).isLessThan(20);
        }

        @Test
        void anotherLevel() throws Exception {
            long leaf = planter.treeNode(middle, 0);
            planter.treeNode(middle, planter.treeHeight() - 1, node -> node[4]++);
            assertFoundAlone("tree node", leaf, "its level is 0 where its parent needs 1");
        }

        @Test
        void aLeafThatSaysItIsNone() throws Exception {
            long block = planter.treeNode(middle, 0);
            planter.treeNode(middle, 0, node -> node[4] = 1);
            assertFound("tree node", block, "tree node in block " + block + " is damaged");
        }

        @Test
        void keysOutOfOrder() throws Exception {
            long block = planter.treeNode(middle, 0);
            planter.treeItems(middle, 0, items -> Collections.swap(items, 1, 2));
            assertFound("tree node", block, "not in order");
        }

        @Test
        void aWrongSeparator() throws Exception {
            long block = planter.treeNode(middle, 0);
            planter.treeItems(middle, 1, items -> {
                int slot = 0;
                while (pointer(items.get(slot)) != block) {
                    slot++;
                }
                byte[] key = items.get(slot).key();
                items.set(slot, new Item(Arrays.copyOf(key, key.length + 1), value(items.get(slot))));
            });
            assertFound("tree node", block, "first key is not the one its parent has");
        }

        @Test
        void aLastKeyThatReachesIntoTheNextNode() throws Exception {
            long block = planter.treeNode(middle, 0);
            planter.treeItems(middle, 0, items -> {
                Item last = items.removeLast();
                items.add(new Item(key(volume.canary + 1, INODE), value(last)));
            });
            assertFound("tree node", block, "reaches into its parent's next child");
        }

        @Test
        void anItemOutOfPlace() throws Exception {
            long block = planter.treeNode(middle, 0);
            planter.treeNode(middle, 0, node -> LittleEndian.putShort(node, 18, 4095));
            assertFound("tree node", block, "out of place");
        }

        @Test
        void aPointerOutOfTheVolume() throws Exception {
            long outside = PlantedVolume.BLOCKS + 5;
            planter.treeItems(middle, 1, items -> repoint(items, items.size() / 2, outside));
            assertFound("tree node", outside, "block " + outside);
        }

        @Test
        void aPointerToASuperblock() throws Exception {
            long fixed = planter.layout().superblock(2, 1);
            planter.treeItems(middle, 1, items -> repoint(items, items.size() / 2, fixed));
            assertFound("tree node", fixed, "points to block " + fixed + ", which cannot be");
        }

        @Test
        void aNodeUsedTwice() throws Exception {
            long block = planter.treeNode(middle, 0);
            planter.treeItems(middle, 1, items -> {
                int slot = 0;
                while (pointer(items.get(slot)) != block) {
                    slot++;
                }
                items.set(slot - 1, new Item(items.get(slot - 1).key(), value(items.get(slot))));
            });
            assertFound("tree node", block, "used twice");
        }

        private void repoint(List<Item> items, int slot, long block) {
            byte[] value = value(items.get(slot));
            LittleEndian.putLong(value, 0, block);
            items.set(slot, new Item(items.get(slot).key(), value));
        }

        private long pointer(Item item) {
            return LittleEndian.getLong(value(item), 0);
        }
    }

    private static byte[] value(Item item) {
        return Objects.requireNonNull(item.value());
    }

    @Nested
    class InAnInode {
        private final byte[] record = key(volume.middle, INODE);

        private void assertInode(long inode, String message) throws Exception {
            assertFound("inode", NO_BLOCK, "inode " + inode + " " + message);
        }

        @Test
        void anUnknownKind() throws Exception {
            planter.value(record, v -> v[1] = 9);
            assertFound("inode", NO_BLOCK, "its kind is 9");
        }

        @Test
        void anUnknownVersion() throws Exception {
            planter.value(record, v -> v[0] = 2);
            assertFound("inode", NO_BLOCK, "version 2");
        }

        @Test
        void anotherKindThanItsEntrySays() throws Exception {
            planter.value(key(volume.link, INODE), v -> {
                v[1] = 1;
            });
            assertInode(volume.link, "is of another kind than its directory entry says");
        }

        @Test
        void aWrongLinkCount() throws Exception {
            planter.value(record, v -> v[16] = 2);
            assertInode(volume.middle, "has link count 2 where 1 is right");
        }

        @Test
        void aWrongLinkCountOfADirectory() throws Exception {
            planter.value(key(ROOT, INODE), v -> v[16] = 2);
            assertInode(ROOT, "has link count 2 where 3 is right");
        }

        @Test
        void impossibleBits() throws Exception {
            planter.value(record, v -> v[20] = 1);
            assertFound("inode", NO_BLOCK, "inode " + volume.middle);
        }

        @Test
        void anImpossibleTime() throws Exception {
            planter.value(record, v -> LittleEndian.putInt(v, 72, 1_000_000_000));
            assertFound("inode", NO_BLOCK, "a time is out of range");
        }

        @Test
        void nothing() throws Exception {
            planter.remove(record);
            assertFound("directory entry", NO_BLOCK, "lead to inode " + volume.middle + ", which has no record");
        }

        @Test
        void nothingForTheRoot() throws Exception {
            planter.remove(key(ROOT, INODE));
            assertInode(ROOT, "is the root directory and has no record");
        }

        @Test
        void noName() throws Exception {
            planter.remove(key(ROOT, ENTRY, "raw"));
            assertInode(volume.raw, "has no name");
        }

        @Test
        void anotherParent() throws Exception {
            planter.value(key(volume.subdirectory, INODE), v -> LittleEndian.putLong(v, 32, ROOT));
            assertInode(
                    volume.subdirectory, "is a directory in inode " + volume.directory + " and believes to be in 1");
        }

        @Test
        void anItemOfAnUnknownType() throws Exception {
            planter.item(key(volume.middle, 77), new byte[3]);
            assertInode(volume.middle, "has an item of unknown type 77");
        }

        @ParameterizedTest
        @ValueSource(ints = {1, 7, 8})
        void aKeyThatIsTooShort(int length) throws Exception {
            byte[] key = new byte[length];
            key[0] = 0x7f;
            planter.item(key, new byte[3]);
            assertFound("inode", NO_BLOCK, "a key of " + length + " bytes");
        }

        @Test
        void aHighWaterMarkThatIsTooLow() throws Exception {
            planter.value(key(VOLUME, HIGH_WATER), v -> LittleEndian.putLong(v, 0, volume.middle));
            assertInode(volume.middle, "is not below the high-water mark " + volume.middle);
        }

        @Test
        void noHighWaterMark() throws Exception {
            planter.treeItems(key(VOLUME, HIGH_WATER), 0, items -> {
                items.removeFirst();
                items.addFirst(new Item(key(VOLUME, HIGH_WATER, (byte) 1), new byte[8]));
            });
            assertInode(VOLUME, "has a malformed high-water mark");
        }

        @Test
        void anOrphanThatHasAName() throws Exception {
            planter.item(orphan(volume.middle), new byte[] {1});
            assertInode(volume.middle, "is marked as an orphan and has 1 names");
        }

        @Test
        void anOrphanOfNoKind() throws Exception {
            planter.item(orphan(volume.middle), new byte[] {8});
            assertInode(VOLUME, "has a malformed orphan item");
        }

        @Test
        void aMarkForTheRoot() throws Exception {
            planter.item(orphan(ROOT), new byte[] {2});
            assertInode(ROOT, "is the root and marked as an orphan");
        }

        private byte[] orphan(long inode) {
            return key(VOLUME, ORPHAN, ByteBuffer.allocate(8).putLong(inode).array());
        }

        @ParameterizedTest
        @ValueSource(bytes = {0, 1, 2, 3})
        void aGapInALinkTarget(byte chunk) throws Exception {
            planter.remove(key(volume.link, LINK_TARGET, (byte) 0, chunk));
            assertInode(volume.link, "has a link target or an attribute that is not whole");
        }

        @ParameterizedTest
        @ValueSource(bytes = {0, 1, 2})
        void aGapInAnAttribute(byte chunk) throws Exception {
            planter.remove(attribute(chunk));
            assertInode(volume.attributed, "has a link target or an attribute that is not whole");
        }

        @Test
        void anAttributeOfAnotherLength() throws Exception {
            planter.value(attribute((byte) 0), v -> LittleEndian.putInt(v, 0, 2999));
            assertInode(volume.attributed, "has a link target or an attribute that is not whole");
        }

        private byte[] attribute(byte chunk) {
            byte[] name = "user.long".getBytes(StandardCharsets.UTF_8);
            return key(
                    volume.attributed,
                    ATTRIBUTE,
                    ByteBuffer.allocate(name.length + 2)
                            .put((byte) name.length)
                            .put(name)
                            .put(chunk)
                            .array());
        }
    }

    @Nested
    class InADirectoryEntry {
        @Test
        void anInodeThatIsMissing() throws Exception {
            planter.item(key(ROOT, ENTRY, "zero"), entry(volume.canary + 9, 1));
            assertFound("directory entry", NO_BLOCK, "1 names lead to inode " + (volume.canary + 9));
        }

        @Test
        void aWrongKind() throws Exception {
            planter.value(key(ROOT, ENTRY, "raw"), v -> v[8] = 3);
            assertFound("inode", NO_BLOCK, "inode " + volume.raw + " is of another kind than its directory entry says");
        }

        @Test
        void anImpossibleKind() throws Exception {
            planter.value(key(ROOT, ENTRY, "raw"), v -> v[8] = 4);
            assertFound("directory entry", NO_BLOCK, "malformed");
        }

        @Test
        void entriesThatDiffer() throws Exception {
            planter.item(key(ROOT, ENTRY, "raw2"), entry(volume.raw, 3));
            assertFound("directory entry", NO_BLOCK, "entries for inode " + volume.raw + " differ in its kind");
        }

        @Test
        void aDirectoryInTwoDirectories() throws Exception {
            planter.item(key(ROOT, ENTRY, "sub"), entry(volume.subdirectory, 2));
            assertFound("inode", NO_BLOCK, "inode " + volume.subdirectory + " is a directory with 2 names");
        }

        @Test
        void aDirectoryInsideItself() throws Exception {
            planter.remove(key(ROOT, ENTRY, "dir"));
            planter.item(key(volume.subdirectory, ENTRY, "dir"), entry(volume.directory, 2));
            assertFound("inode", NO_BLOCK, "is a directory inside itself and not reachable");
        }

        @ParameterizedTest
        @ValueSource(strings = {"", "a/b", "..", "\0"})
        void anImpossibleName(String name) throws Exception {
            planter.item(key(ROOT, ENTRY, name), entry(volume.raw, 1));
            assertFound("directory entry", NO_BLOCK, "a name in directory 1 is malformed");
        }

        @Test
        void anEntryInAFile() throws Exception {
            planter.item(key(volume.middle, ENTRY, "x"), entry(volume.raw, 1));
            assertFound("inode", NO_BLOCK, "inode " + volume.middle + " is a REGULAR and has directory entries");
        }

        private byte[] entry(long inode, int kind) {
            byte[] value = new byte[9];
            LittleEndian.putLong(value, 0, inode);
            value[8] = (byte) kind;
            return value;
        }
    }

    @Nested
    class InABlockMap {
        private final byte[] item = MapItems.mapKey(volume.data);

        @ParameterizedTest
        @ValueSource(ints = {0, 8, -1})
        void anItemWithImpossibleLevels(int levels) throws Exception {
            planter.value(item, v -> v[24] = (byte) levels);
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
        void anItemOfADirectory() throws Exception {
            planter.item(MapItems.mapKey(volume.directory), MapRoot.EMPTY.encode());
            assertFound("inode", NO_BLOCK, "inode " + volume.directory + " is a DIRECTORY and has a block map");
        }

        @Test
        void anItemWithALongerKey() throws Exception {
            planter.item(key(volume.middle, MAP, (byte) 1), MapRoot.EMPTY.encode());
            assertFound("inode", NO_BLOCK, "has a malformed key for its map item");
        }

        @Test
        void moreLevelsThanThereAre() throws Exception {
            long root = MapEntry.block(planter.map(volume.data).word());
            planter.value(item, v -> v[24] = 1);
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
        @ValueSource(ints = {4, 5, 255})
        void anEntryOfALeafWithAnImpossibleState(int state) throws Exception {
            long block = planter.mapNode(volume.data, 3, 1);
            planter.mapNode(volume.data, 3, 1, node -> node[(3 << MapEntry.SIZE_LOG2) + 6] = (byte) state);
            assertFound("map node", block, "entry 3 of a node of level 1");
        }

        @ParameterizedTest
        @ValueSource(ints = {2, 3, 5})
        void anEntryOfAnInnerNodeWithAnImpossibleState(int state) throws Exception {
            long block = planter.mapNode(volume.data, 3, 2);
            planter.mapNode(volume.data, 3, 2, node -> node[6] = (byte) state);
            assertFound("map node", block, "entry 0 of a node of level 2");
        }

        @Test
        void aHoleThatHasABlock() throws Exception {
            long block = planter.mapNode(volume.data, 3, 1);
            planter.mapNode(volume.data, 3, 1, node -> node[(3 << MapEntry.SIZE_LOG2) + 6] = 0);
            assertFound("map node", block, "entry 3 of a node of level 1");
        }

        @ParameterizedTest
        @ValueSource(longs = {1, PlantedVolume.BLOCKS, (1L << 48) - 1})
        void dataThatCannotBeThere(long block) throws Exception {
            planter.mapNode(
                    volume.data, 3, 1, node -> MapEntry.put(node, 3, MapEntry.word(MapEntry.WRITTEN, block), 1));
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
            planter.item(item, new MapRoot(word, checksum, root.dataBlocks(), 7).encode());
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

    @Nested
    class InData {
        @Test
        void aFlippedBit() throws Exception {
            long block = planter.data(volume.data, DATA_BLOCKS - 1);
            flip(block);
            assertFound(
                    "data",
                    block,
                    "inode %d, offset %d: block %d".formatted(volume.data, (DATA_BLOCKS - 1) * 4096L, block));
        }

        @Test
        void blocksThatWereSwapped() throws Exception {
            long a = planter.data(volume.data, 0);
            long b = planter.data(volume.data, 1);
            byte[] content = device.block(a);
            device.setBlock(a, device.block(b));
            device.setBlock(b, content);
            assertFound("data", a, "does not match its checksum");
            assertFoundAlone("data", b, "does not match its checksum");
        }
    }

    @Nested
    class InTheSpaceMap {
        @ParameterizedTest
        @ValueSource(ints = {0, 1})
        void aFlippedBit(int level) throws Exception {
            long block = planter.spaceNode(0, level);
            flip(block);
            assertFound("space map", block, "space map in block " + block + " is damaged");
            assertReadableAndNotWritable();
        }

        @Test
        void aBitForABlockThatNothingUses() throws Exception {
            long free = planter.freeBlock();
            planter.flipSpaceBit(free);
            assertFound("space map", free, "block %d is marked in use and nothing points there".formatted(free));
            assertReadableAndNotWritable();
        }

        @Test
        void noBitForABlockInUse() throws Exception {
            long used = planter.data(volume.data, 0);
            planter.flipSpaceBit(used);
            assertFound("space map", used, "block %d is in use and marked free".formatted(used));
            assertReadableAndNotWritable();
        }

        @Test
        void aBitMovedFromOneBlockToAnother() throws Exception {
            long used = planter.data(volume.data, 0);
            planter.flipSpaceBit(used);
            planter.flipSpaceBit(planter.freeBlock());
            assertFound("space map", used, "block %d is in use and marked free".formatted(used));
        }

        @Test
        void aBitForASuperblock() throws Exception {
            long node = planter.spaceNode(0, 0);
            planter.spaceNode(0, 0, leaf -> leaf[0] |= 1);
            assertFound("space map", node, "claims block 0, which is never allocated");
            assertReadableAndNotWritable();
        }

        @Test
        void aNodeInAnotherHome() throws Exception {
            long other = planter.layout().spaceMapHome(0, 1, 0);
            device.setBlock(other, device.block(planter.spaceNode(0, 0)));
            planter.spaceNode(0, 1, node -> LittleEndian.putLong(node, 0, other));
            assertFound("space map", other, "cannot be in block " + other);
            assertReadableAndNotWritable();
        }

        @Test
        void aPointerOutOfTheVolume() throws Exception {
            planter.spaceNode(0, 1, node -> LittleEndian.putLong(node, 16, 1L << 60));
            assertFound("space map", 1L << 60, "cannot be in block " + (1L << 60));
            assertReadableAndNotWritable();
        }

        @Test
        void noPointer() throws Exception {
            long used = planter.data(volume.canary, 0);
            planter.spaceNode(0, 1, node -> LittleEndian.putLong(node, 0, 0));
            assertFound("space map", used, "block %d is in use and marked free".formatted(used));
        }

        @Test
        void theRestIsComparedBesideADamagedNode() throws Exception {
            flip(planter.spaceNode(0, 0));
            planter.spaceNode(0, 1, node -> {
                // A second leaf, with one bit that nothing uses.
                byte[] leaf = new byte[4096];
                leaf[100] = 1;
                long home = planter.layout().spaceMapHome(0, 1, 0);
                device.setBlock(home, leaf);
                LittleEndian.putLong(node, 16, home);
                LittleEndian.putLong(node, 24, Checksums.superblock().of(leaf));
            });
            long leaked = Layout.BITS_PER_LEAF + 800;
            assertFound("space map", leaked, "block %d is marked in use and nothing points there".formatted(leaked));
        }

        private void assertReadableAndNotWritable() throws Exception {
            device.flipBit(planter.data(volume.canary, 0), 9);
            try (Volume opened = PlantedVolume.openReadOnly(device.copy())) {
                assertThat(opened.recovery().problems()).anyMatch(problem -> problem.contains("space map"));
                PlantedVolume.assertReadable(opened);
            }
            assertThatExceptionOfType(HoldfastException.class)
                    .isThrownBy(() -> PlantedVolume.openReadWrite(device.copy()))
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.DAMAGED))
                    .withMessageContaining("space map")
                    .withMessageContaining("open it read-only");
        }
    }

    @Nested
    class InTheLog {
        private final List<LogRecord> records = records();

        private List<LogRecord> records() {
            try {
                use(volume.crashed.copy());
                return planter.log();
            } catch (HoldfastException e) {
                throw new IllegalStateException(e);
            }
        }

        @Test
        void aFlippedBitInAHeader() throws Exception {
            LogRecord first = records.getFirst();
            flip(first.block());
            assertFound(
                    "log record",
                    first.block(),
                    "log record %d in block %d".formatted(first.sequence(), first.block()));
            assertReadableAndNotWritable(first.block());
        }

        @Test
        void aFlippedBitInALaterHeaderHidesNothingBeforeIt() throws Exception {
            LogRecord record = records.get(records.size() - 2);
            flip(record.block());
            assertFound("log record", record.block(), "its header is damaged");
            try (Volume opened = PlantedVolume.openReadOnly(device.copy())) {
                assertThat(opened.recovery().records()).isEqualTo(records.size() - 2);
            }
        }

        @Test
        void aFlippedBitInAPayload() throws Exception {
            int index = withPayload();
            LogRecord record = records.get(index);
            BlockPointer block = record.entries().stream()
                    .filter(LogEntry.Payload.class::isInstance)
                    .map(LogEntry.Payload.class::cast)
                    .findFirst()
                    .orElseThrow()
                    .blocks()
                    .getFirst();
            flip(block.block());
            assertFound("log record", record.block(), "its payload does not match its checksum");
            assertReadableAndNotWritable(record.block());
        }

        @Test
        void aFlippedBitInData() throws Exception {
            LogEntry.Extent extent = records.stream()
                    .flatMap(record -> record.entries().stream())
                    .filter(LogEntry.Extent.class::isInstance)
                    .map(LogEntry.Extent.class::cast)
                    .findFirst()
                    .orElseThrow();
            flip(extent.block());
            assertFound("data", extent.block(), "inode %d, offset 0".formatted(extent.inode()));
        }

        @Test
        void aRecordThatClaimsABlockInUse() throws Exception {
            long used = planter.data(volume.data, 0);
            planter.logRecord(0, entries -> {
                List<LogEntry> changed = new ArrayList<>(entries);
                changed.add(new LogEntry.Extent(volume.raw, 9, used, 1, true, new long[0]));
                return changed;
            });
            long block = records.getFirst().block();
            assertFound("log record", block, "claims block %d, which is in use".formatted(used));
            assertReadableAndNotWritable(block);
        }

        @Test
        void aRecordThatMakesNoSense() throws Exception {
            planter.logRecord(0, entries -> List.of(new LogEntry.Range(volume.raw, -1, 1, 0)));
            long block = records.getFirst().block();
            assertFound("log record", block, "log record in block %d is damaged".formatted(block));
            assertReadableAndNotWritable(block);
        }

        @Test
        void aPayloadThatMakesNoSense() throws Exception {
            int index = withPayload();
            byte[] content = new byte[4096];
            content[0] = 99;
            long payload = planter.freeBlock();
            device.setBlock(payload, content);
            BlockPointer pointer =
                    new BlockPointer(payload, Checksums.superblock().of(content));
            planter.logRecord(index, entries -> List.of(new LogEntry.Payload(10, List.of(pointer))));
            long block = records.get(index).block();
            assertFound("log record", block, "unknown type 99");
            assertReadableAndNotWritable(block);
        }

        private int withPayload() {
            for (int i = 0; i < records.size(); i++) {
                if (records.get(i).entries().stream().anyMatch(LogEntry.Payload.class::isInstance)) {
                    return i;
                }
            }
            throw new AssertionError("no record with a payload");
        }

        private void assertReadableAndNotWritable(long block) throws Exception {
            device.flipBit(planter.data(volume.canary, 0), 9);
            try (Volume opened = PlantedVolume.openReadOnly(device.copy())) {
                assertThat(opened.recovery().problems()).anyMatch(problem -> problem.contains("in block " + block));
                PlantedVolume.assertReadable(opened);
            }
            assertThatExceptionOfType(HoldfastException.class)
                    .isThrownBy(() -> PlantedVolume.openReadWrite(device.copy()))
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.DAMAGED))
                    .withMessageContaining("open it read-only");
        }
    }

    /** Wrong content under right checksums, anywhere: never an exception, never an endless walk. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void anyContentIsTakenAndCopiedOff(long seed) throws Exception {
        Random random = new Random(seed);
        for (int round = 0; round < 100; round++) {
            use(volume.crashed.copy());
            byte[] key = key(random.nextLong(volume.canary + 1), random.nextInt(9));
            {
                switch (random.nextInt(4)) {
                    case 0 -> planter.treeNode(key, 0, node -> scribble(node, random));
                    case 1 -> planter.mapNode(volume.data, 0, 2, node -> scribble(node, random));
                    case 2 -> planter.spaceNode(0, random.nextInt(2), node -> scribble(node, random));
                    default -> {
                        byte[] node =
                                device.block(planter.superblock().treeRoot().block());
                        scribble(node, random);
                        int block = 1 + random.nextInt(2000);
                        if (planter.layout().isAllocatable(block)) {
                            device.setBlock(block, node);
                        }
                    }
                }
            }
            try (Volume opened = PlantedVolume.openReadOnly(device.copy())) {
                opened.check(Progress.NONE);
            }
        }
    }

    private static void scribble(byte[] node, Random random) {
        for (int i = 0; i <= random.nextInt(4); i++) {
            node[random.nextInt(node.length)] = (byte) random.nextInt();
        }
    }
}
