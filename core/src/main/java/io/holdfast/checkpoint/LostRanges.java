package io.holdfast.checkpoint;

import io.holdfast.btree.BTree;
import io.holdfast.btree.LostKeys;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Superblock;
import io.holdfast.node.NodeReader;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** The ranges of keys of the metadata tree that a volume has lost. */
public final class LostRanges {
    private static final int NAMED_MAX = 16;

    private LostRanges() {}

    /** Says what is lost of the metadata tree, a line for each node. The caller is registered as a reader. */
    public static List<String> some(NodeReader reader, Superblock superblock) {
        List<String> lines = new ArrayList<>();
        if (!superblock.features().haveLostKeys()) {
            return lines;
        }
        try {
            for (LostKeys keys : BTree.lost(reader, superblock.treeRoot(), NAMED_MAX + 1)) {
                lines.add(
                        lines.size() < NAMED_MAX
                                ? text(keys)
                                : "more nodes of the metadata tree are lost; 'holdfast check' names them all");
            }
        } catch (HoldfastException e) {
            lines.add("nodes of the metadata tree are lost, and not all can be named: " + e.getMessage());
        }
        return lines;
    }

    /** Returns what to say of a range. */
    public static String text(LostKeys keys) {
        long first = inode(keys.low());
        byte[] high = keys.high();
        String which;
        if (high == null) {
            which = "of inodes from %s on".formatted(Long.toUnsignedString(first));
        } else {
            // The end is not in the range. It may be the first item of an inode.
            boolean isFirst = high.length <= Long.BYTES || (high.length == Long.BYTES + 1 && high[Long.BYTES] <= 1);
            long last = Math.max(first, inode(high) - (isFirst ? 1 : 0));
            which = first == last
                    ? "of inode " + Long.toUnsignedString(first)
                    : "of inodes %s to %s".formatted(Long.toUnsignedString(first), Long.toUnsignedString(last));
        }
        return "names, attributes and places of data %s are lost as long as block %d of the metadata tree cannot be read"
                .formatted(
                        first == 0 && which.endsWith(" 0") ? "of no file" : which,
                        keys.node().block());
    }

    private static long inode(byte[] key) {
        return key.length < Long.BYTES ? 0 : ByteBuffer.wrap(key).getLong();
    }
}
