package io.holdfast.format;

/**
 * A place in the log: where the next record will be, and the proof that it is the next one.
 *
 * @param block device block of the next record's header
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
        long sequence,
        long logId,
        long previousChecksum,
        long runStart,
        long runEnd,
        long spareStart,
        long spareEnd) {}
