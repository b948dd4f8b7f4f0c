package io.holdfast.check;

import io.holdfast.btree.BTree;
import io.holdfast.btree.LostKeys;
import io.holdfast.checksum.Checksum;
import io.holdfast.checksum.Checksums;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Item;
import io.holdfast.format.Superblock;
import io.holdfast.format.TreeRoot;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The blocks of the metadata tree of an image, with those of patches. */
final class TreeBlocks {
    private TreeBlocks() {}

    /** Returns all that can be found, but the root. */
    static List<Long> of(MemoryDevice device) throws HoldfastException {
        return of(device, Integer.MAX_VALUE);
    }

    static List<Long> leaves(MemoryDevice device) throws HoldfastException {
        return of(device, 0);
    }

    /** Returns the roots of the changes of all patches. */
    static List<Long> changes(MemoryDevice device) throws HoldfastException {
        return of(device, -1);
    }

    private static List<Long> of(MemoryDevice device, int levelMax) throws HoldfastException {
        Superblock superblock = new Planter(device).superblock();
        Checksum checksum = Checksums.byId(superblock.checksumId());
        TreeRoot root = superblock.treeRoot();
        List<Long> blocks = new ArrayList<>();
        BTree.walk(
                (pointer, structure) -> {
                    byte[] node = device.block(pointer.block());
                    if (checksum.of(node) != pointer.checksum()) {
                        throw new HoldfastException(ErrorCode.DAMAGED, structure);
                    }
                    return node;
                },
                root,
                new BTree.Visitor() {
                    @Override
                    public void node(BlockPointer pointer, int level) {
                        boolean isRoot = pointer.equals(root.node()) || pointer.equals(root.second());
                        if (!isRoot && level <= levelMax) {
                            blocks.add(pointer.block());
                        }
                    }

                    @Override
                    public void item(Item item) {}

                    @Override
                    public void lost(LostKeys lost, @Nullable HoldfastException why) {}

                    @Override
                    public void problem(BlockPointer pointer, HoldfastException problem) {}
                });
        return blocks;
    }
}
