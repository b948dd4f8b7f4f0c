package io.holdfast.check;

import io.holdfast.checkpoint.VolumeState;
import io.holdfast.format.LogEntry;
import io.holdfast.format.LogPosition;
import io.holdfast.format.LogRecord;
import io.holdfast.format.MapEntry;
import io.holdfast.log.LogReader;
import io.holdfast.mapping.Mapping;
import java.util.List;

/**
 * Checks the log of a volume that was not closed and is open read-only: the chain of records, and all of their data,
 * even where recovery need not read it.
 */
public final class LogCheck implements LogReader.Sink {
    private final VolumeState volume;
    private final VolumeCheck check;
    private final DataCheck data;
    private final BlockSet blocks;

    public LogCheck(VolumeState volume, VolumeCheck check) {
        this.volume = volume;
        this.check = check;
        this.data = check.data();
        this.blocks = new BlockSet(volume.layout().blocks());
    }

    /**
     * Checks from a superblock's position on.
     *
     * @param closed the volume was closed: nothing follows there
     */
    public void run(LogPosition start, boolean closed) {
        if (start.block() != 0 && !volume.layout().isAllocatable(start.block())) {
            check.add(
                    "superblock",
                    -1,
                    "it says that the log goes on in block %d, which cannot be".formatted(start.block()));
        }
        if (closed) {
            return;
        }
        LogReader reader =
                new LogReader(volume.store(), volume.checksum(), volume.layout(), volume.nodeBuffers(), this);
        for (LogReader.Problem problem : reader.read(start).problems()) {
            check.add("log record", problem.block(), problem.message());
        }
        data.finish();
    }

    @Override
    public void record(LogRecord record, List<LogEntry> entries) {
        claim(record, record.block());
        for (LogEntry entry : record.entries()) {
            if (entry instanceof LogEntry.Payload payload) {
                payload.blocks().forEach(pointer -> claim(record, pointer.block()));
            }
        }
        for (LogEntry entry : entries) {
            if (entry instanceof LogEntry.Extent extent) {
                for (int i = 0; i < extent.count(); i++) {
                    claim(record, extent.block() + i);
                    if (extent.proven()) {
                        long word = MapEntry.word(MapEntry.WRITTEN, extent.block() + i);
                        data.block(extent.inode(), extent.fileBlock() + i, new Mapping(word, extent.checksums()[i], 0));
                    }
                }
            }
        }
    }

    /** A block of the log belongs to one record only, and to nothing that the checkpoint reaches. */
    private void claim(LogRecord record, long block) {
        if (check.reaches(block) || !blocks.add(block)) {
            check.add(
                    "log record",
                    record.block(),
                    "log record %d in block %d claims block %d, which is in use"
                            .formatted(record.sequence(), record.block(), block));
        }
    }
}
