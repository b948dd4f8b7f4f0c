package io.holdfast.repair;

import io.holdfast.checkpoint.VolumeState;
import io.holdfast.error.DamagePolicy;
import io.holdfast.format.Superblock;
import io.holdfast.mapping.BlockMap;
import io.holdfast.metadata.ItemStore;
import io.holdfast.metadata.MetadataStore;
import io.holdfast.node.NodeCache;
import io.holdfast.space.SpaceReserver;
import java.time.Instant;
import java.util.function.LongPredicate;

/**
 * The state of a volume that is to be repaired.
 *
 * @param name of the volume, for messages
 * @param items as they are, with what the log has of them
 * @param changed whether the map of an inode has changes that no checkpoint has
 * @param superblock of the last checkpoint
 * @param now the time of new records
 */
public record RepairSource(
        String name, NodeCache nodes, MetadataStore items, LongPredicate changed, Superblock superblock, Instant now) {
    /** Returns the state of a volume in which nothing changes. */
    public static RepairSource of(VolumeState volume, Superblock superblock, Instant now) {
        LongPredicate changed = inode -> {
            BlockMap changes = volume.maps().find(inode);
            return changes != null && !changes.isClean();
        };
        return new RepairSource(volume.device().name(), volume.nodes(), volume.items(), changed, superblock, now);
    }

    /**
     * Returns the state that a checkpoint of a volume in use has; good as long as that checkpoint is kept.
     *
     * @param reserver of the volume; nothing is reserved
     */
    public static RepairSource ofCheckpoint(
            VolumeState volume, SpaceReserver reserver, Superblock superblock, Instant now) {
        ItemStore items = new ItemStore(
                volume.nodes(),
                volume.space(),
                reserver,
                volume.readers(),
                superblock.treeRoot(),
                superblock.inodesBelow(),
                DamagePolicy.STRICT);
        return new RepairSource(volume.device().name(), volume.nodes(), items, _ -> false, superblock, now);
    }
}
