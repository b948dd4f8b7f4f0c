package io.holdfast.volume;

/**
 * Where the space of a volume is, in bytes. {@code total = used + pending + reserved + free}.
 *
 * @param total all of the device that the volume uses
 * @param used blocks in use by data, metadata, superblocks and the space map
 * @param pending blocks that are already dead and come free at the next checkpoint, log included
 * @param reserved promised to accepted writes, unwritten ranges and to the metadata of the next checkpoint
 * @param free what new writes can take now
 * @param dirty bytes accepted and not yet written back
 */
public record VolumeUsage(long total, long used, long pending, long reserved, long free, long dirty) {}
