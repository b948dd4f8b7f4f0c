package io.holdfast.volume;

import java.util.UUID;

/**
 * What a volume is.
 *
 * @param size bytes of the device that the volume uses
 * @param generation number of the newest checkpoint
 */
public record VolumeInfo(
        UUID uuid,
        String label,
        ChecksumAlgorithm checksum,
        int blockSize,
        long size,
        int formatVersion,
        long generation,
        boolean readOnly,
        boolean directIo) {}
