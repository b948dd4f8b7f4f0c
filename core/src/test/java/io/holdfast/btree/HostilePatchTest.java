package io.holdfast.btree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Item;
import io.holdfast.format.TreeRoot;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Patches that no writer makes, with right checksums: in a patch's changes, and one below the other without end. Every reader comes to
 * an end, with an error that names the block.
 */
@Timeout(60)
class HostilePatchTest {
    private static final byte[] KEY = {5};

    private final MemoryNodes nodes = new MemoryNodes();
    private TreeRoot root = TreeRoot.NONE;
    private BlockPointer leaf = BlockPointer.NONE;
    private BlockPointer changes = BlockPointer.NONE;

    @BeforeEach
    void build() {
        leaf = nodes.write(TreeNode.encode(0, false, List.of(new Item(KEY, new byte[3]))));
        changes = nodes.write(TreeNode.encode(0, true, List.of(Item.remove(new byte[] {6}))));
    }

    private BlockPointer patch(int depth, BlockPointer base, BlockPointer own) {
        return nodes.write(new PatchNode(0, depth, base, own, KEY, null).encode());
    }

    private static byte[] above(Item... children) {
        return TreeNode.encode(1, false, List.of(children));
    }

    /** Everything that reads a tree ends, and blames a block. */
    private void assertRefused(BlockPointer culprit, String why) throws HoldfastException {
        List<String> found = new ArrayList<>();
        BTree.walk(nodes, root, new BTree.Visitor() {
            @Override
            public void node(BlockPointer pointer, int level) {}

            @Override
            public void item(Item item) {}

            @Override
            public void lost(LostKeys lost, @Nullable HoldfastException reason) {
                found.add(String.valueOf(reason));
            }

            @Override
            public void problem(BlockPointer pointer, HoldfastException problem) {
                found.add(String.valueOf(problem));
            }
        });
        String block = "tree node in block " + culprit.block();
        assertThat(found).hasSizeBetween(1, 2).anyMatch(line -> line.contains(block) && line.contains(why));
        assertThatThrownBy(() -> BTree.get(nodes, root, KEY))
                .hasMessageContaining(block)
                .hasMessageContaining(why)
                .isInstanceOfSatisfying(
                        HoldfastException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DAMAGED));
        assertThatThrownBy(() -> {
                    BTreeCursor cursor = BTree.cursor(nodes, root, new byte[0]);
                    Item item = cursor.next();
                    while (item != null) {
                        item = cursor.next();
                    }
                })
                .hasMessageContaining(block);
        BTreeCursor past = BTree.cursor(nodes, root, new byte[0], null, null, BTree.PAST_LOST_KEYS);
        try {
            Item item = past.next();
            while (item != null) {
                item = past.next();
            }
        } catch (HoldfastException e) {
            assertThat(e).hasMessageContaining(block);
        }
        assertThat(BTree.mending(nodes, root, 99).isNothing()).isTrue();
        try {
            assertThat(BTree.lost(nodes, root, 99)).hasSize(1);
        } catch (HoldfastException e) {
            assertThat(e).hasMessageContaining(block);
        }
        nodes.settle();
        int before = nodes.size();
        List<Item> batch = List.of(new Item(KEY, new byte[9]));
        TreeRoot next = BTree.apply(nodes, nodes, root, batch.iterator(), (lost, reason) -> {});
        assertThat(BTree.get(nodes, next, KEY)).hasSize(9);
        assertThat(nodes.size() - before).isLessThan(8);
    }

    /** Each level of the changes would be another tree to look into, without end. */
    @Test
    void aPatchInTheChangesOfAPatch() throws HoldfastException {
        BlockPointer inner = patch(1, leaf, changes);
        BlockPointer nested = nodes.write(TreeNode.encode(1, true, List.of(TreeNode.patchItem(KEY, inner, 1))));
        root = new TreeRoot(nodes.write(above(TreeNode.patchItem(KEY, patch(1, leaf, nested), 1))), 0);
        assertRefused(nested, "which cannot be in a patch's changes");
    }

    /** The changes of a patch are a tree that leads back to the patch. */
    @Test
    void aPatchInItsOwnChanges() throws HoldfastException {
        BlockPointer patch = patch(1, leaf, changes);
        Item entry = TreeNode.patchItem(KEY, patch, 1);
        BlockPointer nested = nodes.write(TreeNode.encode(1, true, List.of(entry)));
        nodes.overwrite(patch, new PatchNode(0, 1, leaf, nested, KEY, null).encode());
        root = new TreeRoot(nodes.write(above(entry)), 0);
        assertRefused(nested, "which cannot be in a patch's changes");
    }

    @Test
    void aPatchThatIsItsOwnBase() throws HoldfastException {
        for (int depth = 1; depth <= PatchNode.DEPTH_MAX; depth++) {
            build();
            BlockPointer patch = patch(depth, leaf, changes);
            nodes.overwrite(patch, new PatchNode(0, depth, patch, changes, KEY, null).encode());
            root = new TreeRoot(nodes.write(above(TreeNode.patchItem(KEY, patch, depth))), 0);
            assertRefused(patch, "of depth " + depth + ", needs another");
        }
    }

    @Test
    void morePatchesThanMayLieOneBelowTheOther() throws HoldfastException {
        BlockPointer at = leaf;
        for (int depth = 1; depth <= PatchNode.DEPTH_MAX; depth++) {
            at = patch(depth, at, changes);
        }
        root = new TreeRoot(nodes.write(above(TreeNode.patchItem(KEY, at, PatchNode.DEPTH_MAX))), 0);
        assertThat(BTree.get(nodes, root, KEY)).hasSize(3);
        BlockPointer more = patch(PatchNode.DEPTH_MAX + 1, at, changes);
        root = new TreeRoot(nodes.write(above(TreeNode.patchItem(KEY, more, PatchNode.DEPTH_MAX))), 0);
        assertThatThrownBy(() -> BTree.get(nodes, root, KEY))
                .hasMessageContaining("tree node in block " + more.block())
                .hasMessageContaining("and depth 9");
        nodes.settle();
        assertThatThrownBy(() -> BTree.apply(
                        nodes, nodes, root, List.of(new Item(KEY, new byte[9])).iterator(), (lost, why) -> {}))
                .hasMessageContaining("and depth 9");
        root = new TreeRoot(nodes.write(above(TreeNode.patchItem(KEY, more, PatchNode.DEPTH_MAX + 1))), 0);
        assertThatThrownBy(() -> BTree.get(nodes, root, KEY)).hasMessageContaining("marks that cannot be");
    }

    /** The entry above says one depth, and the patch another. */
    @Test
    void aPatchOfAnotherDepthThanItsParentSays() throws HoldfastException {
        BlockPointer two = patch(2, patch(1, leaf, changes), changes);
        root = new TreeRoot(nodes.write(above(TreeNode.patchItem(KEY, two, 1))), 0);
        assertRefused(two, "another mark");
        build();
        BlockPointer missing = patch(2, leaf, changes);
        root = new TreeRoot(nodes.write(above(TreeNode.patchItem(KEY, missing, 2))), 0);
        assertRefused(leaf, "of depth 2, needs another");
    }

    /** Wherever patches are, and on every level: so many that a reader goes deep, and comes back. */
    @Test
    void asManyPatchesAsThereCanBe() throws HoldfastException {
        BlockPointer at = leaf;
        int depth = 0;
        for (int level = 0; level < TreeNode.LEVEL_MAX; level++) {
            for (depth = 1; depth <= PatchNode.DEPTH_MAX; depth++) {
                BlockPointer own = nodes.write(TreeNode.encode(0, true, List.of(Item.remove(new byte[] {6}))));
                at = nodes.write(new PatchNode(level, depth, at, own, KEY, null).encode());
            }
            at = nodes.write(
                    TreeNode.encode(level + 1, false, List.of(TreeNode.patchItem(KEY, at, PatchNode.DEPTH_MAX))));
        }
        root = new TreeRoot(at, 0);
        nodes.reads = 0;
        assertThat(BTree.get(nodes, root, KEY)).hasSize(3);
        assertThat(nodes.reads).isLessThan(1000);
        BTreeCursor cursor = BTree.cursor(nodes, root, new byte[0]);
        assertThat(Arrays.equals(Objects.requireNonNull(cursor.next()).key(), KEY))
                .isTrue();
        assertThat(cursor.next()).isNull();
        nodes.settle();
        TreeRoot[] mended = {root};
        for (int i = 0; i < 9 && BTree.hasLost(nodes, mended[0]); i++) {
            Mending mending = BTree.mending(nodes, mended[0], 9999);
            mended[0] = BTree.apply(nodes, nodes, mended[0], List.<Item>of().iterator(), new Losses() {
                @Override
                public void lost(LostKeys lost, HoldfastException why) {}

                @Override
                public Mending mending() {
                    return mending;
                }
            });
            nodes.settle();
        }
        assertThat(BTree.get(nodes, mended[0], KEY)).hasSize(3);
    }
}
