package io.holdfast.checkpoint;

import io.holdfast.format.LogEntry;
import io.holdfast.format.MapEntry;
import io.holdfast.log.Applier;
import io.holdfast.mapping.BlockMap;

/** Applies the log's small changes to the items, or to the map of a file in use. */
public final class ChangeApplier implements Applier {
    private final VolumeState volume;

    public ChangeApplier(VolumeState volume) {
        this.volume = volume;
    }

    @Override
    public void apply(LogEntry change) {
        switch (change) {
            case LogEntry.ItemChange item -> volume.items().apply(item.item());
            case LogEntry.Range range -> {
                map(range.inode()).putRange(range.first(), range.count(), range.state());
                if (range.state() == MapEntry.HOLE) {
                    volume.space().discardable().noteCutOff();
                }
            }
            case LogEntry.Drop drop -> {
                map(drop.inode()).drop();
                volume.space().discardable().noteCutOff();
            }
            case LogEntry.Extent extent ->
                throw new IllegalStateException("data is not a small change: " + extent.block());
            case LogEntry.Mount _, LogEntry.Close _ ->
                throw new IllegalStateException("the log writes beginning and end of a mount by itself");
            case LogEntry.Payload payload ->
                throw new IllegalStateException("a payload is made by the log: " + payload.bytes());
        }
    }

    private BlockMap map(long inode) {
        BlockMap map = volume.maps().find(inode);
        if (map == null) {
            throw new IllegalStateException("the map of inode %d is not in use".formatted(inode));
        }
        return map;
    }
}
