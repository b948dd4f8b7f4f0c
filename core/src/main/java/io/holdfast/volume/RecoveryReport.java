package io.holdfast.volume;

import java.util.List;

/**
 * What opening the volume found.
 *
 * @param clean the volume had been closed cleanly: there was no log to replay
 * @param records log records replayed
 * @param blocks data blocks the records carried
 * @param durableThrough sequence number up to which the log is known to have been flushed
 * @param droppedTail whether an unflushed, torn end of the log was dropped
 * @param nanos time the recovery took
 * @param problems damage found on the way, one readable line each; empty if none
 */
public record RecoveryReport(
        boolean clean,
        long records,
        long blocks,
        long durableThrough,
        boolean droppedTail,
        long nanos,
        List<String> problems) {}
