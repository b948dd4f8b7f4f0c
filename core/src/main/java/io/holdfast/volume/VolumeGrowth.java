package io.holdfast.volume;

/**
 * What {@link Volume#grow} did. Both are whole blocks.
 *
 * @param before size of the volume in bytes before the call
 * @param after its size now; the same if there was nothing to do
 */
public record VolumeGrowth(long before, long after) {}
