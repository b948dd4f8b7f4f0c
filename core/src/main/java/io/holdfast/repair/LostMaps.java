package io.holdfast.repair;

import io.holdfast.check.CheckedVolume;
import io.holdfast.check.Fault;
import io.holdfast.checkpoint.LostNodes;
import io.holdfast.checkpoint.VolumeState;
import io.holdfast.format.Item;
import io.holdfast.format.Superblock;
import io.holdfast.mapping.MapItems;
import io.holdfast.mapping.MapItems.LostNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;

/** Nodes of maps that were lost and can be read again: a checkpoint puts them back. Items of such nodes that name no possible block go. */
final class LostMaps implements Part {
    private final List<LostNode> back = new ArrayList<>();
    private final List<LostNode> nowhere = new ArrayList<>();
    private final Set<Long> stillLost = new HashSet<>();

    LostMaps(VolumeState volume, Superblock superblock, CheckedVolume checked) {
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
        for (LostNode node : nowhere) {
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
            case Fault.LostNowhere lost -> nowhere.contains(lost.node());
            case Fault.LostBlocks lost ->
                !stillLost.contains(lost.inode()) && back.stream().anyMatch(node -> node.inode() == lost.inode());
            default -> false;
        };
    }
}
