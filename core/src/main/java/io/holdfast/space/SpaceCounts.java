package io.holdfast.space;

/**
 * Counts in blocks.
 *
 * @param total of the volume
 * @param usable outside of the fixed structures
 * @param free not in use by anything
 * @param leased given to the log and not used yet
 * @param reserved promised to accepted writes; 0 at rest
 * @param metadata promised to the next checkpoint
 * @param unwritten promised to unwritten ranges
 * @param pending dead, waiting for a checkpoint
 * @param available may be promised to a write now
 */
public record SpaceCounts(
        long total,
        long usable,
        long free,
        long leased,
        long reserved,
        long metadata,
        long unwritten,
        long pending,
        long available) {}
