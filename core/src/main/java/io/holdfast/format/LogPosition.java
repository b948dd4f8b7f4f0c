package io.holdfast.format;

/**
 * A place in the log: where the next record will be, and the proof that it is the next one.
 *
 * @param block device block of the next record's header
 * @param twin device block of the header's twin
 * @param sequence its sequence number
 * @param logId random number of the mount
 * @param previousChecksum checksum of the header before it
 * @param runStart first block of the run to which the log is being written
 * @param runEnd end of that run, exclusive
 * @param spareStart first block of the run after it, 0 if there is none
 * @param spareEnd its end, exclusive
 */
public record LogPosition(
        long block,
        long twin,
        long sequence,
        long logId,
        long previousChecksum,
        long runStart,
        long runEnd,
        long spareStart,
        long spareEnd) {
    /** Returns the place of the first record of a log that has no blocks yet. */
    public static LogPosition unplaced(long sequence, long logId) {
        return new LogPosition(0, 0, sequence, logId, 0, 0, 0, 0, 0);
    }

    /** Returns the place of the first record of a new log that goes on in the runs of this one, as far as they are free. */
    public LogPosition anew(long newLogId) {
        return new LogPosition(0, 0, sequence, newLogId, 0, runStart, runEnd, spareStart, spareEnd);
    }
}
