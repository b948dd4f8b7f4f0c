package io.holdfast.checkpoint;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.LogEntry;
import io.holdfast.format.LogRecord;
import io.holdfast.format.MapEntry;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.log.LogReader;
import io.holdfast.mapping.BlockMap;
import io.holdfast.space.Reservation;
import java.util.ArrayList;
import java.util.List;

/**
 * Replays the log on top of a checkpoint, in memory: applies each record's changes as when it was written, and marks
 * its blocks as in use. Writes nothing; the next checkpoint makes the result permanent.
 */
public final class Recovery implements LogReader.Sink {
    private final VolumeState volume;
    private final boolean readOnly;
    private final List<Long> inodes = new ArrayList<>();

    /** @param readOnly nothing is written after this, so a group whose bitmap cannot be read does no harm */
    public Recovery(VolumeState volume, boolean readOnly) {
        this.volume = volume;
        this.readOnly = readOnly;
    }

    @Override
    public void record(LogRecord record, List<LogEntry> entries) throws HoldfastException {
        Inject.at(Point.RECOVERY_RECORD);
        take(record, record.block());
        volume.space().release(record.block());
        for (LogEntry entry : record.entries()) {
            if (entry instanceof LogEntry.Payload payload) {
                for (var pointer : payload.blocks()) {
                    take(record, pointer.block());
                    volume.space().release(pointer.block());
                }
            }
        }
        for (LogEntry entry : entries) {
            apply(record, entry);
        }
    }

    private void apply(LogRecord record, LogEntry entry) throws HoldfastException {
        switch (entry) {
            case LogEntry.Extent extent -> {
                BlockMap map = map(extent.inode());
                int state = extent.noChecksum() ? MapEntry.WRITTEN_NO_CHECKSUM : MapEntry.WRITTEN;
                if (!extent.proven() && !extent.noChecksum()) {
                    throw damaged(record, "it has data without a proof");
                }
                for (int i = 0; i < extent.count(); i++) {
                    take(record, extent.block() + i);
                    long checksum = extent.noChecksum() ? 0 : extent.checksums()[i];
                    map.put(
                            extent.fileBlock() + i,
                            MapEntry.word(state, extent.block() + i),
                            checksum,
                            Reservation.NONE,
                            0);
                }
            }
            case LogEntry.Range range -> map(range.inode()).putRange(range.first(), range.count(), range.state());
            case LogEntry.ItemChange change -> volume.items().apply(change.item());
            case LogEntry.Drop drop -> map(drop.inode()).drop();
            case LogEntry.Payload payload -> throw damaged(record, "it has a payload within a payload");
        }
    }

    /** Marks a block of a record as in use; neither the checkpoint nor an earlier record may use it. */
    private void take(LogRecord record, long block) throws HoldfastException {
        boolean taken;
        try {
            taken = volume.space().markBusy(block);
        } catch (HoldfastException e) {
            if (!readOnly) {
                throw e;
            }
            taken = true;
        }
        if (!taken) {
            throw damaged(record, "it claims block %d, which is in use".formatted(block));
        }
    }

    /** Returns the map of an inode; it stays in the registry while it has changes. */
    private BlockMap map(long inode) throws HoldfastException {
        BlockMap map = volume.maps().find(inode);
        if (map == null) {
            map = volume.maps().acquire(inode);
            inodes.add(inode);
        }
        return map;
    }

    /** Releases the maps that were used; those with changes stay until a checkpoint has them. */
    public void finish() {
        inodes.forEach(volume.maps()::release);
        inodes.clear();
    }

    private HoldfastException damaged(LogRecord record, String why) {
        return new HoldfastException(
                ErrorCode.DAMAGED,
                "%s: log record %d in block %d is damaged: %s"
                        .formatted(volume.device().name(), record.sequence(), record.block(), why));
    }
}
