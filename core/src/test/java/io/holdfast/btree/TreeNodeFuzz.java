package io.holdfast.btree;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Item;
import io.holdfast.fuzz.FuzzTarget;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A node of the metadata tree: what is accepted can be read in every way, and encodes to what it was. */
public final class TreeNodeFuzz implements FuzzTarget {
    @Override
    public void run(byte[] input) {
        byte[] block = Arrays.copyOf(input, TreeNode.SIZE);
        Node decoded;
        try {
            decoded = Node.decode(block, 7);
        } catch (HoldfastException e) {
            return;
        }
        switch (decoded) {
            case TreeNode node -> run(node, block);
            case PatchNode patch -> assertThat(patch.encode()).isEqualTo(block);
        }
    }

    private static void run(TreeNode node, byte[] block) {
        List<Item> items = new ArrayList<>();
        for (int i = 0; i < node.count(); i++) {
            Item item = node.item(i);
            items.add(item);
            assertThat(node.ceiling(item.key())).isEqualTo(i);
            assertThat(node.childFor(item.key())).isEqualTo(i);
            if (!node.isLeaf()) {
                assertThat(node.child(i)).isEqualTo(TreeNode.pointerOf(item));
                assertThat(node.child(i).block()).isPositive();
            }
        }
        byte[] written = TreeNode.encode(node.level(), node.isOfChanges(), items);
        // What is free is ignored by readers and written as zeros.
        int start = (block[8] & 0xff) | (block[9] & 0xff) << 8;
        Arrays.fill(block, TreeNode.HEADER_SIZE + 2 * node.count(), start, (byte) 0);
        assertThat(Arrays.mismatch(written, block))
                .as("first byte that differs")
                .isEqualTo(-1);
    }

    @Override
    public List<byte[]> seeds() {
        List<Item> many = new ArrayList<>();
        List<Item> children = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            byte[] key = {0, (byte) i, 3};
            many.add(new Item(key, new byte[i]));
            children.add(TreeNode.childItem(key, new BlockPointer(100 + i, i), i == 7));
        }
        Item large = new Item(new byte[Item.KEY_MAX], new byte[Item.VALUE_MAX]);
        Item removed = Item.remove(new byte[] {1, 2});
        Item patch = TreeNode.patchItem(new byte[] {2}, new BlockPointer(99, 5), 2);
        BlockPointer base = new BlockPointer(50, 60);
        BlockPointer changes = new BlockPointer(70, 80);
        return List.of(
                TreeNode.encode(0, false, many),
                TreeNode.encode(0, false, List.of(new Item(new byte[] {1}, new byte[0]))),
                TreeNode.encode(0, false, List.of(large)),
                TreeNode.encode(0, true, List.of(new Item(new byte[] {1}, new byte[0]), removed)),
                TreeNode.encode(1, false, List.of(patch)),
                TreeNode.encode(2, false, children),
                TreeNode.encode(TreeNode.LEVEL_MAX, false, children.subList(0, 2)),
                new PatchNode(0, 1, base, changes, new byte[] {1}, new byte[] {1, 0}).encode(),
                new PatchNode(3, PatchNode.DEPTH_MAX, base, changes, new byte[Item.KEY_MAX], null).encode());
    }
}
