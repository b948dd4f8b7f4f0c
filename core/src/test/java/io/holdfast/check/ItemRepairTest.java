package io.holdfast.check;

import static io.holdfast.check.PlantedVolume.DATA_BLOCKS;
import static io.holdfast.check.PlantedVolume.UNWRITTEN_BLOCKS;
import static io.holdfast.check.PlantedVolume.key;
import static io.holdfast.namespace.NamespaceKeys.ATTRIBUTE;
import static io.holdfast.namespace.NamespaceKeys.ENTRY;
import static io.holdfast.namespace.NamespaceKeys.HIGH_WATER;
import static io.holdfast.namespace.NamespaceKeys.INODE;
import static io.holdfast.namespace.NamespaceKeys.ORPHAN;
import static io.holdfast.namespace.NamespaceKeys.ROOT;
import static io.holdfast.namespace.NamespaceKeys.VOLUME;
import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.format.Block;
import io.holdfast.format.LittleEndian;
import io.holdfast.mapping.MapItems;
import io.holdfast.mapping.MapRoot;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.FileKind;
import io.holdfast.volume.FileStatus;
import io.holdfast.volume.RepairPlan;
import io.holdfast.volume.Volume;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Repairs of items without an owner, of names, and of link counts. */
class ItemRepairTest extends PlantedDamage {
    private static final String ENTRY_OF_DATA = "data";

    /** Repairs everything; afterwards the check finds nothing. */
    private RepairPlan repaired() throws Exception {
        assertThat(PlantedVolume.check(device).clean()).isFalse();
        RepairPlan plan = Repairs.repair(device);
        use(device.copy());
        assertThat(plan.left()).isEmpty();
        Repairs.assertClean(device);
        return plan;
    }

    /** Repairs what loses nothing: every file is where it was, but for some. */
    private RepairPlan repairedWithout(String... gone) throws Exception {
        Map<String, Integer> expected = new TreeMap<>(Repairs.content(volume.closed.copy()));
        RepairPlan plan = repaired();
        Map<String, Integer> found = Repairs.content(device);
        found.keySet().removeIf(path -> path.startsWith("/lost+found"));
        for (String path : gone) {
            assertThat(found).doesNotContainKey(path);
            expected.keySet().removeIf(known -> known.equals(path) || known.startsWith(path + "/"));
        }
        assertThat(found).isEqualTo(expected);
        return plan;
    }

    private FileStatus status(String path) throws Exception {
        try (Volume open = PlantedVolume.openReadOnly(device.copy())) {
            return open.status(path);
        }
    }

    @Test
    void aFileWithoutANameGetsOne() throws Exception {
        planter.remove(key(ROOT, ENTRY, ENTRY_OF_DATA));
        RepairPlan plan = repairedWithout("/data");
        String path = "/lost+found/inode-" + volume.data;
        assertThat(plan.repairs()).singleElement().satisfies(r -> {
            assertThat(r.what()).contains("has no name, and is named " + path);
            assertThat(r.loss()).isEmpty();
        });
        assertThat(status(path).inode()).isEqualTo(volume.data);
        assertThat(status("/lost+found").mode()).isEqualTo(0700);
        assertThat(Repairs.content(device).get(path))
                .isEqualTo(Repairs.content(volume.closed.copy()).get("/data"));
    }

    @Test
    void aDirectoryWithoutANameKeepsWhatIsInIt() throws Exception {
        planter.remove(key(ROOT, ENTRY, "dir"));
        repairedWithout("/dir");
        String path = "/lost+found/inode-" + volume.directory;
        assertThat(Repairs.content(device)).containsKeys(path + "/sub", path + "/file0");
        assertThat(status("/lost+found").links()).isEqualTo(3);
        assertThat(status("/").links()).isEqualTo(3);
    }

    @Test
    void noNameIsReplaced() throws Exception {
        try (Volume open = PlantedVolume.openReadWrite(device)) {
            open.mkdir("/lost+found", CreateOptions.directory());
            open.create("/lost+found/inode-" + volume.data, CreateOptions.file())
                    .close();
        }
        use(device.copy());
        planter.remove(key(ROOT, ENTRY, ENTRY_OF_DATA));
        repaired();
        assertThat(status("/lost+found/inode-" + volume.data).inode()).isNotEqualTo(volume.data);
        assertThat(status("/lost+found/inode-" + volume.data + ".1").inode()).isEqualTo(volume.data);
    }

    @Test
    void aFileOfThatNameStaysWhatItIs() throws Exception {
        try (Volume open = PlantedVolume.openReadWrite(device)) {
            open.create("/lost+found", CreateOptions.file()).close();
        }
        use(device.copy());
        planter.remove(key(ROOT, ENTRY, ENTRY_OF_DATA));
        repaired();
        assertThat(status("/lost+found").kind()).isEqualTo(FileKind.REGULAR);
        assertThat(status("/lost+found.1/inode-" + volume.data).inode()).isEqualTo(volume.data);
    }

    @Test
    void aNameThatLeadsNowhereIsRemoved() throws Exception {
        planter.remove(key(volume.middle, INODE));
        RepairPlan plan = repairedWithout("/dir/file60");
        assertThat(plan.repairs()).singleElement().satisfies(r -> {
            assertThat(r.structure()).isEqualTo("directory entry");
            assertThat(r.loss()).isEqualTo("1 name");
        });
    }

    @Test
    void aFileThatHasAMapGetsANewRecordAndKeepsItsName() throws Exception {
        planter.remove(key(volume.data, INODE));
        RepairPlan plan = repaired();
        assertThat(plan.repairs())
                .singleElement()
                .satisfies(r -> assertThat(r.loss()).contains("its owner, its mode"));
        assertThat(status("/data").size()).isEqualTo((DATA_BLOCKS + UNWRITTEN_BLOCKS) * (long) Block.SIZE);
        assertThat(Repairs.content(device)).containsKeys("/data", "/canary");
    }

    @Test
    void aFileWithoutChecksumsStaysOne() throws Exception {
        planter.remove(key(volume.raw, INODE));
        repaired();
        assertThat(status("/raw").checksummed()).isFalse();
    }

    @Test
    void aMapWithoutRecordAndNameBecomesAFileInLostAndFound() throws Exception {
        planter.remove(key(volume.data, INODE));
        planter.remove(key(ROOT, ENTRY, ENTRY_OF_DATA));
        repaired();
        assertThat(status("/lost+found/inode-" + volume.data).kind()).isEqualTo(FileKind.REGULAR);
    }

    @Test
    void aDirectoryWithoutARecordGetsANewOne() throws Exception {
        planter.remove(key(volume.directory, INODE));
        RepairPlan plan = repairedWithout();
        assertThat(plan.repairs()).anyMatch(r -> r.what().contains("is a directory without a record"));
        assertThat(status("/dir").links()).isEqualTo(3);
    }

    @Test
    void theRootWithoutARecordGetsANewOne() throws Exception {
        planter.remove(key(ROOT, INODE));
        repairedWithout();
    }

    @Test
    void aLinkWithoutARecordGetsANewOne() throws Exception {
        planter.remove(key(volume.link, INODE));
        repairedWithout();
    }

    @Test
    void attributesWithoutAnInodeAreRemoved() throws Exception {
        byte[] value = ByteBuffer.allocate(6)
                .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                .putInt(2)
                .array();
        planter.item(key(volume.canary + 5, ATTRIBUTE, (byte) 1, (byte) 'a', (byte) 0), value);
        RepairPlan plan = repairedWithout();
        assertThat(plan.repairs())
                .singleElement()
                .satisfies(r -> assertThat(r.loss()).isEqualTo("attributes without an inode"));
    }

    @Test
    void linkCountsBecomeRight() throws Exception {
        planter.value(key(volume.data, INODE), v -> LittleEndian.putInt(v, 16, 7));
        planter.value(key(volume.directory, INODE), v -> LittleEndian.putInt(v, 16, 0));
        RepairPlan plan = repairedWithout();
        assertThat(plan.repairs()).hasSize(2).anyMatch(r -> r.what().contains("link count 7, and gets 1"));
    }

    @Test
    void aNamedOrphanIsNoOrphan() throws Exception {
        planter.item(
                key(VOLUME, ORPHAN, ByteBuffer.allocate(8).putLong(volume.data).array()), new byte[] {1});
        repairedWithout();
        // Nothing frees it now.
        PlantedVolume.openReadWrite(device).close();
        use(device.copy());
        assertThat(status("/data").size()).isPositive();
    }

    /** Opening for writing would free it: somebody may miss what it has. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 5})
    void anOrphanWithARecordGetsAName(int links) throws Exception {
        planter.remove(key(ROOT, ENTRY, ENTRY_OF_DATA));
        planter.value(key(volume.data, INODE), v -> LittleEndian.putInt(v, 16, links));
        planter.item(
                key(VOLUME, ORPHAN, ByteBuffer.allocate(8).putLong(volume.data).array()), new byte[] {1});
        assertThat(PlantedVolume.check(device).problems())
                .anyMatch(p -> p.message().contains("is marked as an orphan and has a record"));
        RepairPlan plan = Repairs.repair(device);
        assertThat(plan.left()).isEmpty();
        use(device.copy());
        Repairs.assertClean(device);
        PlantedVolume.openReadWrite(device).close();
        use(device.copy());
        assertThat(status("/lost+found/inode-" + volume.data).size()).isPositive();
    }

    @Test
    void anEntryThatSaysAnotherKind() throws Exception {
        planter.value(key(ROOT, ENTRY, ENTRY_OF_DATA), v -> v[8] = 2);
        repairedWithout();
    }

    @Test
    void aDirectoryThatBelievesToBeElsewhere() throws Exception {
        planter.value(key(volume.subdirectory, INODE), v -> LittleEndian.putLong(v, 32, ROOT));
        repairedWithout();
    }

    @Test
    void theHighWaterMark() throws Exception {
        planter.value(key(VOLUME, HIGH_WATER), v -> LittleEndian.putLong(v, 0, 5));
        repairedWithout();
        try (Volume open = PlantedVolume.openReadWrite(device)) {
            open.create("/new", CreateOptions.file()).close();
        }
        use(device.copy());
        Repairs.assertClean(device);
    }

    @Test
    void aMissingHighWaterMarkAndAFileWithoutAName() throws Exception {
        planter.remove(key(VOLUME, HIGH_WATER));
        planter.remove(key(ROOT, ENTRY, ENTRY_OF_DATA));
        repairedWithout("/data");
    }

    @Test
    void anItemOfALostNodeThatNamesNoBlock() throws Exception {
        byte[] key = ByteBuffer.allocate(34)
                .putLong(0)
                .put((byte) 9)
                .putLong(volume.data)
                .put((byte) 1)
                .putLong(0)
                .putLong(1)
                .array();
        planter.item(key, new byte[16]);
        planter.superblock(bytes -> bytes[16] |= 8);
        repairedWithout();
    }

    @Test
    void everythingAtOnce() throws Exception {
        planter.remove(key(ROOT, ENTRY, ENTRY_OF_DATA));
        planter.remove(key(volume.middle, INODE));
        planter.remove(key(volume.directory, INODE));
        planter.value(key(volume.canary, INODE), v -> LittleEndian.putInt(v, 16, 7));
        planter.value(MapItems.mapKey(volume.data), v -> LittleEndian.putLong(v, 16, 12));
        planter.flipSpaceBit(planter.freeBlock());
        planter.flipSpaceBit(planter.data(volume.canary, 0));
        RepairPlan plan = repairedWithout("/data", "/dir/file60");
        assertThat(plan.mended()).isEqualTo(plan.findings());
    }

    @Test
    void nothingIsTouchedIfAPartOfTheTreeCannotBeRead() throws Exception {
        planter.remove(key(ROOT, ENTRY, ENTRY_OF_DATA));
        flip(planter.treeNode(key(volume.middle, INODE), 0));
        RepairPlan plan = Repairs.plan(device);
        assertThat(plan.isPossible()).isFalse();
        assertThat(plan.left()).anyMatch(left -> left.advice().contains("nothing is named or removed as long as"));
    }

    @Test
    void aMapThatCannotBeReadIsLeftWithoutARecord() throws Exception {
        planter.remove(key(volume.data, INODE));
        flip(planter.mapNode(volume.data, 3, 1));
        RepairPlan plan = Repairs.plan(device);
        assertThat(plan.isPossible()).isFalse();
        assertThat(plan.left()).anyMatch(left -> left.problem().message().contains("has no record"));
    }

    @Test
    void whatNoRepairMendsIsListedWithAnAdvice() throws Exception {
        planter.value(key(volume.data, INODE), v -> v[0] = 9);
        planter.item(MapItems.mapKey(volume.directory), MapRoot.EMPTY.encode());
        device.flipBit(planter.data(volume.canary, 0), 9);
        RepairPlan plan = Repairs.plan(device);
        assertThat(plan.isPossible()).isFalse();
        List<String> structures = new ArrayList<>();
        plan.left().forEach(left -> {
            structures.add(left.problem().structure());
            assertThat(left.advice()).isNotBlank();
        });
        assertThat(structures).contains("inode", "data");
    }
}
