package io.holdfast.bench.jmh;

import io.holdfast.checksum.Checksum;
import io.holdfast.checksum.Checksums;
import io.holdfast.format.LogEntry;
import io.holdfast.format.LogPosition;
import io.holdfast.format.LogRecord;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Encoding the header of a log record whose blocks were written at random places of a file. */
@State(Scope.Thread)
public class LogRecordBench extends HotPath {
    @Param({"1", "32", "110"})
    public int blocks;

    private final Checksum checksum = Checksums.superblock();
    private List<LogEntry> entries = List.of();

    @Setup
    public void setUp() {
        List<LogEntry> made = new ArrayList<>();
        for (int i = 0; i < blocks; i++) {
            made.add(new LogEntry.Extent(7, i * 10L, 5000 + i, 1, false, new long[] {i * 31L}));
        }
        entries = made;
    }

    @Benchmark
    public byte[] encode() {
        LogPosition next = new LogPosition(6000, 6001, 13, 99, 1, 6000, 9000, 0, 0);
        byte[] header = new LogRecord(7, 99, 12, 11, 4998, 4999, 1, next, entries).encode(checksum);
        LogRecord.becomeTwin(checksum, header);
        return header;
    }
}
