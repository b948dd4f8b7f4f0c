package io.holdfast.volume;

import java.util.List;

/**
 * What a volume does and holds now, for its operator. The counts begin when the volume is opened. Sizes are in bytes. To ask for it takes
 * no longer on a large volume.
 */
public record VolumeMetrics(
        Cache cache,
        Log log,
        Checkpoint checkpoint,
        Groups groups,
        Device device,
        Throttling throttling,
        Reading reading,
        List<MemoryUse> memory) {
    public VolumeMetrics {
        memory = List.copyOf(memory);
    }

    /**
     * The cached blocks of files.
     *
     * @param bytes memory for them, used or not
     * @param bytesMax how much that may become
     * @param dirty accepted and not yet written back
     * @param dirtyMax there is never more for long; from seven eighths of it on writers wait
     */
    public record Cache(long bytes, long bytesMax, long dirty, long dirtyMax) {}

    /**
     * The log since the newest checkpoint: what a recovery would read. All is 0 for a volume that is open read-only.
     *
     * @param bytesMax beyond this, or {@code recordsMax}, a checkpoint begins
     */
    public record Log(long bytes, long bytesMax, long records, long recordsMax) {}

    /**
     * Checkpoints.
     *
     * @param running whether one is being written
     * @param nanosSince nanoseconds since the newest one became durable, or the volume was opened
     * @param times how long they took
     */
    public record Checkpoint(boolean running, long nanosSince, LatencyCounts times) {}

    /**
     * Groups of blocks.
     *
     * @param loaded of which the bitmap is in memory
     * @param closed to which nothing is written, because it cannot be read which of their blocks are free
     */
    public record Groups(long total, long loaded, long closed) {}

    /**
     * Calls to the device that failed, and how long flushes took that did not. Reads that are queued, and fail, are repeated and counted
     * then.
     */
    public record Device(long readErrors, long writeErrors, long flushErrors, LatencyCounts flushTimes) {}

    /**
     * How long clients had to wait.
     *
     * @param changes because the log or the changes in memory were full
     * @param dirty because too much was dirty
     */
    public record Throttling(LatencyCounts changes, LatencyCounts dirty) {}

    /**
     * What reads met.
     *
     * @param staleMappings blocks that were read again, since a write had moved them meanwhile
     * @param fallbacks queued reads that did not succeed as such, and were repeated by a thread
     * @param repeated blocks of any kind that were read a second time, since they were bad
     * @param healed of these, good the second time
     * @param bad of these, bad the second time, too
     */
    public record Reading(long staleMappings, long fallbacks, long repeated, long healed, long bad) {}

    /**
     * Memory by who uses it.
     *
     * @param user one lower-case word
     */
    public record MemoryUse(String user, long bytes, long bytesMax) {}
}
