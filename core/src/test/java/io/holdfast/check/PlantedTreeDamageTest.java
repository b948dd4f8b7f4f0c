package io.holdfast.check;

import static io.holdfast.check.PlantedVolume.key;
import static io.holdfast.namespace.NamespaceKeys.INODE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.format.Item;
import io.holdfast.format.LittleEndian;
import io.holdfast.format.MapEntry;
import io.holdfast.format.TreeRoot;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.Volume;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Damage planted in nodes of the metadata tree. */
class PlantedTreeDamageTest extends PlantedDamage {
    private final byte[] middle = key(volume.middle, INODE);

    @Test
    void aFlippedBitInALeaf() throws Exception {
        long block = planter.treeNode(middle, 0);
        flip(block);
        assertFound("tree node", block, "block " + block);
    }

    /** The node has no path; whoever asked for one has. */
    @Test
    void anErrorNamesThePathThatWasAskedFor() throws Exception {
        long leaf = planter.treeNode(middle, 0);
        flip(leaf);
        String path = "/dir/file60";
        try (Volume open = PlantedVolume.openReadOnly(device.copy())) {
            List<ThrowingCallable> calls =
                    List.of(() -> open.status(path), () -> open.open(path), () -> open.listXattrs(path));
            for (ThrowingCallable call : calls) {
                assertThatThrownBy(call).hasMessageStartingWith(path + ": ").hasMessageContaining("block " + leaf);
            }
        }
    }

    @Test
    void aFlippedBitInTheRoot() throws Exception {
        long block = planter.superblock().treeRoot().node().block();
        flip(block);
        flip(planter.superblock().treeRoot().copy());
        CheckReport report = assertFoundAlone("tree node", block, "checksum does not match");
        // What the root hides is told in one line, not in one for each block.
        assertThat(report.problemCount()).isLessThan(20);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aFlippedBitInOneCopyOfTheRoot(boolean first) throws Exception {
        TreeRoot root = planter.superblock().treeRoot();
        long block = first ? root.node().block() : root.copy();
        flip(block);
        assertFoundAlone("tree node", block, "the other of its two copies is whole");
        try (Volume open = PlantedVolume.openReadOnly(device.copy())) {
            PlantedVolume.assertReadable(open);
            assertThat(open.recovery().problems()).anyMatch(p -> p.contains("block " + block));
        }
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
        LittleEndian.putLong(value, 0, MapEntry.word(MapEntry.NODE, block));
        items.set(slot, new Item(items.get(slot).key(), value));
    }

    private long pointer(Item item) {
        return MapEntry.block(LittleEndian.getLong(value(item), 0));
    }
}
