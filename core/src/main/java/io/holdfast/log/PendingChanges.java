package io.holdfast.log;

import io.holdfast.format.LogEntry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Small changes that are applied in memory and wait for a record. Guarded by the log's lock.
 *
 * <p>Invariants: changes leave in the order in which they came; changes added together leave in one record.
 */
final class PendingChanges {
    private final int recordBytesMax;
    private final ArrayDeque<Small> changes = new ArrayDeque<>();
    private long bytes;

    private record Small(List<LogEntry> entries, int bytes) {}

    /** Holds changes for records with up to {@code recordBytesMax} bytes of them. */
    PendingChanges(int recordBytesMax) {
        this.recordBytesMax = recordBytesMax;
    }

    /** Adds changes that count as one. */
    void add(List<LogEntry> entries) {
        int size = bytesOf(entries);
        changes.add(new Small(List.copyOf(entries), size));
        bytes += size;
    }

    static int bytesOf(List<LogEntry> entries) {
        int size = 0;
        for (LogEntry entry : entries) {
            size += entry.encodedBytes();
        }
        return size;
    }

    boolean isEmpty() {
        return changes.isEmpty();
    }

    long bytes() {
        return bytes;
    }

    boolean fitOneRecord() {
        return bytes <= recordBytesMax;
    }

    /** Takes as many as go into one record. */
    List<LogEntry> take() {
        List<LogEntry> entries = new ArrayList<>();
        int size = 0;
        while (!changes.isEmpty() && size + changes.peek().bytes() <= recordBytesMax) {
            Small small = changes.poll();
            entries.addAll(small.entries());
            size += small.bytes();
        }
        bytes -= size;
        return entries;
    }
}
