package io.holdfast.repair;

import io.holdfast.check.CheckedVolume;
import io.holdfast.check.Fault;
import io.holdfast.checkpoint.LostNodes;
import io.holdfast.format.Item;
import io.holdfast.format.Superblock;
import io.holdfast.mapping.MapItems;
import io.holdfast.mapping.MapItems.LostNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Nodes of maps that were lost. Those that can be read again a checkpoint puts back. Items of such nodes that name no possible block go. If no file has lost
 * blocks any more, and nothing else is hidden, all of them are given up: their items go, and what they led to comes free with the bitmaps ({@link Space}).
 */
final class LostMaps implements Part {
    private final List<LostNode> back = new ArrayList<>();
    private final List<LostNode> nowhere = new ArrayList<>();
    private final List<LostNode> settled;
    private final Set<Long> stillLost = new HashSet<>();

    LostMaps(RepairSource volume, CheckedVolume checked) {
        Superblock superblock = volume.superblock();
        settled = checked.hasAllBlocks() ? checked.lostNodes() : List.of();
        if (!settled.isEmpty()) {
            return; // None is put back, also if it can be read again: what is below it comes free.
        }
        for (LostNode node : LostNodes.all(volume.nodes(), superblock).orElse(List.of())) {
            boolean isBlock = superblock.layout().isAllocatable(node.node().block());
            if (!isBlock && checked.hasAllItems()) {
                nowhere.add(node);
            } else if (isBlock && LostNodes.isReadable(volume.nodes(), node) && !stillLost.contains(node.inode())) {
                back.add(node);
            } else {
                stillLost.add(node.inode());
            }
        }
    }

    /** Adds the changes of items. */
    void change(NavigableMap<byte[], Item> items) {
        for (LostNode node : Stream.concat(nowhere.stream(), settled.stream()).toList()) {
            byte[] key = MapItems.lost(node).key();
            items.put(key, Item.remove(key));
        }
    }

    @Override
    public void describe(Lines lines) {
        back.forEach(node -> lines.add(
                "map node",
                node.node().block(),
                node.inode(),
                "the node of inode %s from offset %s on can be read again, and what is lost below it is put back"
                        .formatted(Long.toUnsignedString(node.inode()), node.offset()),
                ""));
        settled.forEach(node -> lines.add(
                "map node",
                node.node().block(),
                node.inode(),
                "nothing of inode %s is lost any more: the item of the node that it lost from offset %s on is removed, and the node and what was below come free"
                        .formatted(Long.toUnsignedString(node.inode()), node.offset()),
                ""));
        nowhere.forEach(node -> lines.add(
                "map node",
                Lines.NONE,
                node.inode(),
                "the item of a lost node of inode %s that names no possible block is removed"
                        .formatted(Long.toUnsignedString(node.inode())),
                ""));
    }

    @Override
    public boolean mends(Fault fault) {
        return switch (fault) {
            case Fault.Lost lost -> back.contains(lost.node());
            case Fault.Settled lost -> settled.contains(lost.node()) || back.contains(lost.node());
            case Fault.LostNowhere lost -> nowhere.contains(lost.node());
            case Fault.LostBlocks lost ->
                !stillLost.contains(lost.inode()) && back.stream().anyMatch(node -> node.inode() == lost.inode());
            default -> false;
        };
    }
}
