package io.holdfast.checkpoint;

import io.holdfast.btree.BTree;
import io.holdfast.btree.BTreeCursor;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.format.Superblock;
import io.holdfast.mapping.LostBlocks;
import io.holdfast.mapping.MapItems;
import io.holdfast.mapping.MapItems.LostNode;
import io.holdfast.mapping.MapRoot;
import io.holdfast.node.NodeReader;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongFunction;
import java.util.function.LongUnaryOperator;
import java.util.stream.Collectors;

/** The nodes of maps that a volume has lost, as its metadata tree has them. */
public final class LostNodes {
    /** More are not put back at once: nobody could tell which are newer. */
    static final int MERGES_MAX = 64;

    private static final int NAMED_MAX = 16;
    /** So much of the maps is read to find out what is still lost. */
    private static final int NODES_READ_MAX = 1024;

    private LostNodes() {}

    /**
     * Returns up to {@code max} of them.
     *
     * @throws HoldfastException if the items cannot be read, or make no sense
     */
    static List<LostNode> find(NodeReader reader, Superblock superblock, int max) throws HoldfastException {
        List<LostNode> found = new ArrayList<>();
        if (!superblock.features().haveLostNodes()) {
            return found;
        }
        BTreeCursor cursor = BTree.cursor(reader, superblock.treeRoot(), MapItems.firstLostKey());
        for (Item item = cursor.next();
                item != null && MapItems.isLostKey(item.key()) && found.size() < max;
                item = cursor.next()) {
            found.add(MapItems.decodeLost(item.key(), Objects.requireNonNull(item.value())));
        }
        return found;
    }

    /**
     * Returns those that a checkpoint tries to put back, the last that was lost first; empty if there are too many, or not all
     * items can be read.
     */
    public static Optional<List<LostNode>> all(NodeReader reader, Superblock superblock) {
        try {
            List<LostNode> found = find(reader, superblock, MERGES_MAX + 1);
            found.sort(Comparator.comparingLong(LostNode::generation).reversed());
            return found.size() > MERGES_MAX ? Optional.empty() : Optional.of(found);
        } catch (HoldfastException e) {
            return Optional.empty(); // They stay lost. The check says why.
        }
    }

    /** Returns whether a lost node can be read again. Reads the device. */
    public static boolean isReadable(NodeReader reader, LostNode node) {
        try {
            reader.read(node.node(), "map node");
            return true;
        } catch (HoldfastException e) {
            return false;
        }
    }

    /**
     * Lost nodes as far as they can be read.
     *
     * @param settled those below whose places nothing is lost any more
     * @param problem says why not all can be read
     */
    public record Found(List<LostNode> nodes, Set<LostNode> settled, Optional<String> problem) {}

    /**
     * Looks some lost nodes up, for {@link #named}. The caller is registered as a reader.
     *
     * @param blocksOf says how many blocks an inode's size spans; the greatest number if nobody knows
     */
    public static Found some(NodeReader reader, Superblock superblock, LongUnaryOperator blocksOf) {
        try {
            List<LostNode> nodes = find(reader, superblock, NAMED_MAX + 1);
            return new Found(nodes, settled(reader, superblock, nodes, blocksOf), Optional.empty());
        } catch (HoldfastException e) {
            return new Found(
                    List.of(),
                    Set.of(),
                    Optional.of("nodes of maps are lost, and not all can be named: " + e.getMessage()));
        }
    }

    private static Set<LostNode> settled(
            NodeReader reader, Superblock superblock, List<LostNode> nodes, LongUnaryOperator blocksOf) {
        Set<LostNode> settled = new HashSet<>();
        LostBlocks blocks = new LostBlocks(reader, NODES_READ_MAX);
        for (LostNode node : nodes) {
            try {
                byte[] item = BTree.get(reader, superblock.treeRoot(), MapItems.mapKey(node.inode()));
                long end = blocksOf.applyAsLong(node.inode());
                if (item == null || !blocks.remain(MapRoot.decode(item, node.inode()), node, end)) {
                    settled.add(node);
                }
            } catch (HoldfastException unknown) {
                // Then it may be lost.
            }
        }
        return settled;
    }

    /** Says what is lost of files, a line for each node. Looks their names up, which may take a while. */
    public static List<String> named(Found found, FileNames names) {
        List<String> lines = new ArrayList<>();
        List<LostNode> nodes = found.nodes();
        LongFunction<String> label = nodes.isEmpty()
                ? FileNames.NUMBERS.of(Set.of())
                : names.of(nodes.stream().map(LostNode::inode).collect(Collectors.toSet()));
        for (LostNode node : nodes) {
            String file = label.apply(node.inode());
            String text = found.settled().contains(node) ? node.settledText(file) : node.text(file);
            lines.add(lines.size() < NAMED_MAX ? text : "more nodes of maps are lost; 'holdfast check' names them all");
        }
        found.problem().ifPresent(lines::add);
        return lines;
    }
}
