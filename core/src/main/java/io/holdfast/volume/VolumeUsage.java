package io.holdfast.volume;

/**
 * How the space of a volume is used, in bytes. {@code total = used + pending + reserved + free}.
 *
 * @param total all of the device that the volume uses
 * @param used blocks in use by data, metadata, superblocks and the space map
 * @param pending blocks that are dead and become free at the next checkpoint, those of the log included
 * @param reserved blocks kept for accepted writes, unwritten ranges, the log's next records, the metadata of the next
 *     checkpoint, and the metadata that writing all of {@code free} would make
 * @param free data that new writes can take now. While it is not 0, a write of 4 KiB finds space. Blocks that do not lie
 *     side by side in their file need more metadata, so less of them fits
 * @param dirty bytes accepted and not yet written back
 */
public record VolumeUsage(long total, long used, long pending, long reserved, long free, long dirty) {}
