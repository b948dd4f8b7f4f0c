package io.holdfast.check;

import io.holdfast.checkpoint.VolumeState;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.LogEntry;
import io.holdfast.format.LogPosition;
import io.holdfast.format.LogRecord;
import io.holdfast.format.MapEntry;
import io.holdfast.log.LogReader;
import io.holdfast.mapping.Mapping;
import java.util.List;

/**
 * Checks the log of a volume that was not closed and is open read-only: the chain of records, and the data they carry,
 * also what recovery itself need not read.
 */
public final class LogCheck implements LogReader.Sink {
    private final VolumeState volume;
    private final VolumeCheck check;
    private final DataCheck data;

    public LogCheck(VolumeState volume, VolumeCheck check) {
        this.volume = volume;
        this.check = check;
        this.data = check.data();
    }

    public void run(LogPosition start) {
        LogReader reader =
                new LogReader(volume.device(), volume.checksum(), volume.layout(), volume.nodeBuffers(), this);
        try {
            for (String problem : reader.read(start).problems()) {
                check.add("log record", -1, problem);
            }
        } catch (HoldfastException e) {
            check.add("log record", -1, String.valueOf(e.getMessage()));
        }
        data.finish();
    }

    @Override
    public void record(LogRecord record, List<LogEntry> entries) {
        for (LogEntry entry : entries) {
            if (entry instanceof LogEntry.Extent extent && extent.proven()) {
                for (int i = 0; i < extent.count(); i++) {
                    long word = MapEntry.word(MapEntry.WRITTEN, extent.block() + i);
                    data.block(extent.inode(), extent.fileBlock() + i, new Mapping(word, extent.checksums()[i], 0));
                }
            }
        }
    }
}
