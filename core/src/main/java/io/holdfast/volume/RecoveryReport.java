package io.holdfast.volume;

import java.util.List;

/**
 * What opening the volume found.
 *
 * @param clean the volume had been closed; there may be a log to replay all the same
 * @param records log records replayed
 * @param blocks data blocks in these records
 * @param durableThrough sequence number of the last record that is known to have been flushed
 * @param droppedTail whether recovery dropped a torn end of the log, which had not been flushed
 * @param checkpoints checkpoints written on the way, because memory had no room for all changes at once
 * @param nanos nanoseconds that the recovery took
 * @param problems damage found on the way, one readable line each; empty if none
 */
public record RecoveryReport(
        boolean clean,
        long records,
        long blocks,
        long durableThrough,
        boolean droppedTail,
        long checkpoints,
        long nanos,
        List<String> problems) {}
