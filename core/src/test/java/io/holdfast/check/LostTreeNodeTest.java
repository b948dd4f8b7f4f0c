package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.device.MemoryDevice;
import io.holdfast.engine.Settled;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.TreeRoot;
import io.holdfast.mapping.MapItems;
import io.holdfast.namespace.NamespaceKeys;
import io.holdfast.volume.AttributeChange;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A checkpoint has to change a node of the metadata tree that cannot be read: it goes on, what the node has is an error, and all
 * else can be read and written.
 */
class LostTreeNodeTest extends PlantedDamage {
    private static final MemorySegment NEW = block(9);

    private int others;

    private static MemorySegment block(int value) {
        return MemorySegment.ofArray(new byte[Block.SIZE]).fill((byte) value);
    }

    private static byte[] read(StoredFile file, long block) throws HoldfastException {
        MemorySegment into = block(1);
        assertThat(file.read(block * Block.SIZE, into)).isEqualTo(Block.SIZE);
        return into.toArray(ValueLayout.JAVA_BYTE);
    }

    private interface Call {
        void run() throws Exception;
    }

    private static void assertUnreadable(Call call) {
        assertThatThrownBy(call::run)
                .isInstanceOfSatisfying(
                        HoldfastException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DAMAGED));
    }

    /** Opens what the last mount left; a closed device cannot be used again. */
    private Volume open() throws Exception {
        use(device.copy());
        return PlantedVolume.openReadWrite(device);
    }

    /** Others go on, and the next mount, too. */
    private void assertOthersGoOn(Volume open) throws Exception {
        PlantedVolume.assertReadable(open);
        try (StoredFile other = open.create("/zz" + others++, CreateOptions.file())) {
            other.write(0, NEW);
            other.flush();
            assertThat(read(other, 0)).containsOnly(9);
        }
        open.checkpoint();
        assertThat(open.failure()).isEmpty();
    }

    private void assertAllMended() throws Exception {
        try (Volume open = open()) {
            open.checkpoint();
        }
        try (Volume open = open()) {
            open.checkpoint();
            assertThat(open.damage()).isEmpty();
        }
        assertThat(planter.superblock().features().haveLostKeys()).isFalse();
        assertThat(planter.superblock().features().haveLostNodes()).isFalse();
        assertThat(PlantedVolume.check(device).problems()).isEmpty();
    }

    private static List<String> names(Volume volume, String directory) throws HoldfastException {
        List<String> names = new ArrayList<>();
        List<DirectoryEntry> page = volume.list(directory, "", 50);
        while (!page.isEmpty()) {
            page.forEach(entry -> names.add(entry.name()));
            page = volume.list(directory, page.getLast().name(), 50);
        }
        return names;
    }

    /** The log has a change of an item in the leaf, so no call has read it before the checkpoint. */
    @Test
    void aLostLeaf() throws Exception {
        use(volume.crashed.copy());
        long changed;
        List<String> names;
        try (Volume readOnly = PlantedVolume.openReadOnly(device.copy())) {
            changed = readOnly.status("/dir/file0").inode();
            names = names(readOnly, "/dir");
        }
        long leaf = planter.treeNode(NamespaceKeys.inode(changed), 0);
        flip(leaf);
        try (Volume open = open()) {
            assertOthersGoOn(open);
            assertThat(open.damage()).anyMatch(p -> p.contains("of inodes ") && p.contains("block " + leaf));
        }
        try (Volume open = open()) {
            assertThat(open.recovery().problems()).anyMatch(p -> p.contains("block " + leaf));
            assertUnreadable(() -> open.getXattr("/dir/file0", "user.b"));
            assertUnreadable(() -> open.open("/dir/file0"));
            assertOthersGoOn(open);
        }
        assertFoundAlone("tree node", leaf, "are lost as long as block " + leaf);
        RescueReading.read(device.copy());
        flip(leaf);
        assertAllMended();
        try (Volume open = open()) {
            assertThat(names(open, "/dir")).isEqualTo(names);
            assertThat(open.getXattr("/dir/file0", "user.a")).hasSize(20_000);
            assertOthersGoOn(open);
        }
    }

    /** Whether a name is there is not known, so there will not be another one. A directory is not shorter, either. */
    @Test
    void nothingIsCreatedInALostRange() throws Exception {
        try (Volume open = open()) {
            for (int i = 200; i < 500; i++) {
                open.create("/dir/file" + i, CreateOptions.file()).close();
            }
        }
        byte[] name = PlantedVolume.key(volume.directory, 2, "file250");
        long leaf = planter.treeNode(name, 0);
        flip(leaf);
        for (int mount = 0; mount < 2; mount++) {
            try (Volume open = open()) {
                assertUnreadable(() -> open.create("/dir/file250", CreateOptions.file()));
                assertUnreadable(() -> open.mkdir("/dir/file250x", CreateOptions.directory()));
                assertUnreadable(() -> open.rename("/canary", "/dir/file250"));
                assertUnreadable(() -> open.remove("/dir/file250"));
                assertUnreadable(() -> open.list("/dir", "", 1000));
                assertOthersGoOn(open);
            }
        }
        flip(leaf);
        assertAllMended();
        assertThat(planter.value(name)).isNotEmpty();
    }

    /** The item of a file's map cannot be read, and the log has new blocks of the file. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theLogHasBlocksOfAFileWhoseMapItemIsLost(boolean healsBeforeTheCheckpoint) throws Exception {
        byte[] before = read(volume.data, 8);
        MemoryDevice running = device.copy();
        try (Volume open = PlantedVolume.openReadWrite(running);
                StoredFile file = open.open("/data")) {
            file.write(7L * Block.SIZE, NEW);
            file.punch(9L * Block.SIZE, Block.SIZE);
            file.flush();
            use(running.copy());
        }
        long leaf = planter.treeNode(MapItems.mapKey(volume.data), 0);
        flip(leaf);
        try (Volume open = open()) {
            if (healsBeforeTheCheckpoint) {
                flip(leaf);
            }
            open.checkpoint();
            assertThat(open.failure()).isEmpty();
        }
        if (!healsBeforeTheCheckpoint) {
            CheckReport report = assertFoundAlone("tree node", leaf, "are lost as long as");
            assertThat(report.problems()).noneMatch(p -> p.structure().equals("data"));
            flip(leaf);
        }
        assertAllMended();
        try (Volume open = open();
                StoredFile file = open.open("/data")) {
            assertThat(read(file, 7)).containsOnly(9);
            assertThat(read(file, 9)).containsOnly(0);
            assertThat(read(file, 8)).isEqualTo(before);
            assertOthersGoOn(open);
        }
    }

    /**
     * A map begins anew twice, since the second time nobody can read the root of the first time, either. What was written in between
     * is there in the end, in whatever order the blocks can be read again.
     */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void theMapItemIsLostTwice(int order) throws Exception {
        long inode;
        try (Volume open = open()) {
            // The volume's own items are in another leaf.
            for (int i = 0; i < 150; i++) {
                open.create("/dir/more" + i, CreateOptions.file()).close();
            }
            try (StoredFile file = open.create("/twice", CreateOptions.file())) {
                file.write(8L * Block.SIZE, block(5));
            }
            inode = open.status("/twice").inode();
        }
        writeAndCrash(7);
        long leaf = planter.treeNode(MapItems.mapKey(inode), 0);
        flip(leaf);
        checkpoint();
        long changes = TreeBlocks.changes(device).getFirst();
        flip(leaf);
        writeAndCrash(6);
        flip(leaf);
        flip(changes);
        checkpoint();
        assertThat(TreeBlocks.changes(device)).hasSize(2).contains(changes);
        if (order == 1) {
            flip(changes);
            checkpoint();
            checkpoint();
            assertThat(TreeBlocks.changes(device)).hasSize(1);
            // Nothing of what was written is lost; what was there before is.
            MemoryDevice healed = device.copy();
            healed.flipBit(leaf, 8 * 4000 + 3);
            try (Volume open = PlantedVolume.openReadOnly(healed);
                    StoredFile file = open.open("/twice")) {
                assertThat(read(file, 6)).containsOnly(9);
                assertThat(read(file, 7)).containsOnly(9);
                assertUnreadable(() -> read(file, 8));
            }
        } else {
            flip(leaf);
            if (order == 2) {
                checkpoint();
            }
            flip(changes);
        }
        if (order == 1) {
            flip(leaf);
        }
        for (int mount = 0; mount < 4; mount++) {
            checkpoint();
        }
        assertAllMended();
        try (Volume open = open();
                StoredFile file = open.open("/twice")) {
            assertThat(read(file, 6)).containsOnly(9);
            assertThat(read(file, 7)).containsOnly(9);
            assertThat(read(file, 8)).containsOnly(5);
            assertOthersGoOn(open);
        }
    }

    /** Writes a block of the file, and leaves it in the log. */
    private void writeAndCrash(long fileBlock) throws Exception {
        MemoryDevice running = device.copy();
        try (Volume open = PlantedVolume.openReadWrite(running);
                StoredFile file = open.open("/twice")) {
            file.write(fileBlock * Block.SIZE, NEW);
            file.flush();
            use(running.copy());
        }
    }

    private void checkpoint() throws Exception {
        try (Volume open = open()) {
            open.checkpoint();
            assertThat(open.failure()).isEmpty();
        }
    }

    private byte[] read(long inode, long fileBlock) throws HoldfastException {
        return device.block(planter.data(inode, fileBlock));
    }

    /** The file was removed, and the log says so; its space comes free when its map is found again. */
    @Test
    void theLogRemovesAFileWhoseMapItemIsLost() throws Exception {
        long used;
        MemoryDevice running = device.copy();
        try (Volume open = PlantedVolume.openReadWrite(running)) {
            open.remove("/data");
            open.sync();
            use(running.copy());
        }
        try (Volume open = PlantedVolume.openReadWrite(device.copy())) {
            Settled.settle(open);
            used = open.usage().used();
        }
        long leaf = planter.treeNode(MapItems.mapKey(volume.data), 0);
        flip(leaf);
        for (int mount = 0; mount < 2; mount++) {
            try (Volume open = open()) {
                open.checkpoint();
                assertThat(open.failure()).isEmpty();
            }
        }
        flip(leaf);
        for (int mount = 0; mount < 3; mount++) {
            try (Volume open = open()) {
                open.checkpoint();
                open.checkpoint();
            }
        }
        assertAllMended();
        try (Volume open = open()) {
            Settled.settle(open);
            assertThat(open.usage().used()).isLessThanOrEqualTo(used);
        }
    }

    /** New inodes come behind all others. The leaf that ends the tree hides none of them. */
    @Test
    void theLastLeaf() throws Exception {
        long leaf = planter.treeNode(NamespaceKeys.inode(Long.MAX_VALUE), 0);
        flip(leaf);
        for (int mount = 0; mount < 2; mount++) {
            try (Volume open = open()) {
                String directory = "/new" + mount;
                open.mkdir(directory, CreateOptions.directory());
                try (StoredFile file = open.create(directory + "/a", CreateOptions.file())) {
                    file.write(0, NEW);
                    file.flush();
                }
                assertThat(names(open, directory)).containsExactly("a");
                open.checkpoint();
                open.setXattr(directory + "/a", "user.x", new byte[3]);
                open.remove(directory + "/a");
                assertThat(names(open, directory)).isEmpty();
                open.checkpoint();
                assertThat(open.failure()).isEmpty();
            }
        }
        flip(leaf);
        assertAllMended();
    }

    /** It has the root directory, and the volume's own items. Who has a directory's number can go on. */
    @Test
    void theFirstLeaf() throws Exception {
        long leaf = planter.treeNode(new byte[] {0}, 0);
        flip(leaf);
        for (int mount = 0; mount < 2; mount++) {
            try (Volume open = open()) {
                assertUnreadable(() -> open.create("/another", CreateOptions.file()));
                String name = "by-number" + mount;
                try (StoredFile file = open.inodes().create(volume.subdirectory, name, CreateOptions.file())) {
                    file.write(0, NEW);
                    file.flush();
                    assertThat(read(file, 0)).containsOnly(9);
                }
                open.checkpoint();
                assertThat(open.inodes().lookup(volume.subdirectory, name).size())
                        .isEqualTo(Block.SIZE);
                assertThat(open.failure()).isEmpty();
            }
        }
        flip(leaf);
        assertAllMended();
        try (Volume open = open()) {
            assertThat(names(open, "/dir/sub")).containsExactly("by-number0", "by-number1");
        }
    }

    @Test
    void bothCopiesOfTheRoot() throws Exception {
        TreeRoot root = planter.superblock().treeRoot();
        flip(root.node().block());
        flip(root.copy());
        assertThatThrownBy(this::open)
                .hasMessageContaining("block " + root.node().block())
                .hasMessageContaining("block " + root.copy())
                .hasMessageContaining("'holdfast rescue' copies out what is there");
    }

    /** The other copy has all, and the next checkpoint writes both to other blocks, whether or not something else changes. */
    @ParameterizedTest
    @CsvSource({"false, false", "false, true", "true, false", "true, true"})
    void oneCopyOfTheRoot(boolean first, boolean changes) throws Exception {
        TreeRoot root = planter.superblock().treeRoot();
        assertThat(root.copy()).isNotEqualTo(root.node().block());
        assertThat(device.block(root.copy())).isEqualTo(device.block(root.node().block()));
        long bad = first ? root.node().block() : root.copy();
        flip(bad);
        try (Volume open = open()) {
            assertThat(open.recovery().problems()).anyMatch(p -> p.contains("block " + bad));
            PlantedVolume.assertReadable(open);
            if (changes) {
                assertOthersGoOn(open);
            } else {
                open.checkpoint();
            }
        }
        use(device.copy());
        TreeRoot after = planter.superblock().treeRoot();
        assertThat(Set.of(after.node().block(), after.copy()))
                .doesNotContain(root.node().block(), root.copy())
                .hasSize(2);
        assertThat(PlantedVolume.check(device).problems()).isEmpty();
        try (Volume open = open()) {
            assertThat(open.recovery().problems()).isEmpty();
            assertOthersGoOn(open);
        }
    }

    /** A copy becomes unreadable while the volume is in use: nobody notices, and the next checkpoint makes both anew. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void oneCopyOfTheRootRotsInUse(boolean first) throws Exception {
        try (Volume open = open()) {
            for (int round = 0; round < 3; round++) {
                TreeRoot root = planter.superblock().treeRoot();
                flip(first ? root.node().block() : root.copy());
                PlantedVolume.assertReadable(open);
                assertOthersGoOn(open);
                assertThat(planter.superblock().treeRoot()).isNotEqualTo(root);
            }
        }
        use(device.copy());
        assertThat(PlantedVolume.check(device).problems()).isEmpty();
    }

    /** So many at once are no rot: the volume stops, and the old superblock has everything. */
    @Test
    void manyLostNodesLatch() throws Exception {
        try (Volume open = open()) {
            for (int i = 0; i < 600; i++) {
                open.create("/dir/more" + i, CreateOptions.file()).close();
            }
        }
        // The log has a change in the leaves of all these files, and no checkpoint has one.
        MemoryDevice running = device.copy();
        try (Volume open = PlantedVolume.openReadWrite(running)) {
            for (int i = 0; i < 600; i++) {
                open.setAttributes("/dir/more" + i, AttributeChange.mode(0123));
            }
            open.sync();
            use(running.copy());
        }
        List<Long> leaves = TreeBlocks.leaves(device);
        leaves.remove(planter.treeNode(new byte[] {0}, 0));
        leaves.remove(planter.treeNode(PlantedVolume.key(volume.directory, 2, "file60"), 0));
        leaves.remove(planter.treeNode(NamespaceKeys.inode(volume.canary), 0));
        assertThat(leaves).hasSizeGreaterThan(8);
        leaves.forEach(this::flip);
        Volume latched = open();
        assertThatThrownBy(latched::checkpoint)
                .hasMessageContaining("more than 8 nodes of the metadata tree cannot be read");
        assertThat(latched.failure()).isNotEmpty();
        assertThatThrownBy(latched::close).isInstanceOf(HoldfastException.class);
        leaves.forEach(this::flip);
        try (Volume open = open()) {
            for (int i = 0; i < 600; i++) {
                assertThat(open.status("/dir/more" + i).mode()).isEqualTo(0123);
            }
            assertOthersGoOn(open);
        }
        assertThat(PlantedVolume.check(device).problems()).isEmpty();
    }

    /**
     * Nodes become unreadable and readable again in any order, while files come and go, and the volume is closed or crashes. Nothing
     * is ever wrong. In the end everything can be read.
     */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6})
    void nothingIsWrongAndInTheEndNothingIsLost(int seed) throws Exception {
        Random random = new Random(seed);
        TreeMap<String, Integer> files = new TreeMap<>();
        try (Volume open = open()) {
            for (int i = 0; i < 150; i++) {
                write(open, files, "/dir/random" + i, 1 + random.nextInt(100));
            }
        }
        Set<Long> damaged = new HashSet<>();
        for (int mount = 0; mount < 8; mount++) {
            List<Long> nodes = TreeBlocks.of(device);
            long node = nodes.get(random.nextInt(nodes.size()));
            if (damaged.add(node)) {
                flip(node);
            }
            boolean crashes = random.nextBoolean();
            MemoryDevice crashed = null;
            try (Volume open = open()) {
                for (int i = 0; i < 8; i++) {
                    change(open, files, random);
                }
                if (random.nextBoolean()) {
                    open.checkpoint();
                    change(open, files, random);
                }
                assertThat(open.failure()).isEmpty();
                assertNothingWrong(open, files);
                if (crashes) {
                    open.sync();
                    crashed = device.copy();
                }
            }
            if (crashed != null) {
                use(crashed);
            }
            if (random.nextInt(3) == 0 && !damaged.isEmpty()) {
                long healed = damaged.iterator().next();
                damaged.remove(healed);
                flip(healed);
            }
        }
        damaged.forEach(this::flip);
        for (int mount = 0; mount < 4; mount++) {
            try (Volume open = open()) {
                open.checkpoint();
                open.checkpoint();
            }
        }
        assertAllMended();
        try (Volume open = open()) {
            for (Map.Entry<String, Integer> file : files.entrySet()) {
                try (StoredFile stored = open.open(file.getKey())) {
                    assertThat(read(stored, 0)).as(file.getKey()).containsOnly(file.getValue());
                }
            }
            assertThat(names(open, "/dir").stream().filter(name -> name.startsWith("random")))
                    .hasSize(files.size());
        }
    }

    private static void write(Volume volume, Map<String, Integer> files, String path, int value) throws Exception {
        boolean isNew = !files.containsKey(path);
        try (StoredFile file = isNew ? volume.create(path, CreateOptions.file()) : volume.open(path)) {
            // From here on the file is there, whatever becomes of its content.
            files.putIfAbsent(path, 0);
            file.write(0, block(value));
            files.put(path, value);
            file.flush();
        }
    }

    /** Changes something, if what it needs can be read. */
    private static void change(Volume volume, TreeMap<String, Integer> files, Random random) throws Exception {
        String path = "/dir/random" + random.nextInt(200);
        try {
            if (random.nextInt(3) == 0) {
                volume.remove(path);
                assertThat(files.remove(path)).as(path).isNotNull();
            } else {
                write(volume, files, path, 1 + random.nextInt(100));
            }
        } catch (HoldfastException e) {
            boolean missing = e.code() == ErrorCode.NOT_FOUND && !files.containsKey(path);
            assertThat(missing || e.code() == ErrorCode.DAMAGED)
                    .as("%s: %s", path, e)
                    .isTrue();
        }
    }

    private static void assertNothingWrong(Volume volume, TreeMap<String, Integer> files) {
        for (int i = 0; i < 200; i++) {
            String path = "/dir/random" + i;
            Integer value = files.get(path);
            try (StoredFile file = volume.open(path)) {
                assertThat(value).as(path).isNotNull();
                assertThat(read(file, 0)).as(path).containsOnly(value);
            } catch (HoldfastException e) {
                boolean missing = e.code() == ErrorCode.NOT_FOUND && value == null;
                assertThat(missing || e.code() == ErrorCode.DAMAGED)
                        .as("%s: %s", path, e)
                        .isTrue();
            }
        }
    }
}
