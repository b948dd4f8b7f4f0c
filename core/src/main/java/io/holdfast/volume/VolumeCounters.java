package io.holdfast.volume;

/**
 * Counts since the volume was opened; for tests and reports.
 *
 * @param deviceFlushes flushes that reached the device ({@code fdatasync})
 * @param deviceWrites write calls to the device
 * @param bytesWritten bytes written to the device, metadata and log included
 * @param bytesRead bytes read from the device
 * @param logRecords log records appended
 * @param checkpoints checkpoints made durable
 * @param stableCopies data blocks copied into private memory for a write
 * @param zeroCopyBlocks data blocks that went to the device straight from a caller's memory
 * @param cacheHits blocks read from the page cache
 * @param cacheMisses blocks read from the device or a hole
 * @param checksumErrors blocks that did not match their checksum
 */
public record VolumeCounters(
        long deviceFlushes,
        long deviceWrites,
        long bytesWritten,
        long bytesRead,
        long logRecords,
        long checkpoints,
        long stableCopies,
        long zeroCopyBlocks,
        long cacheHits,
        long cacheMisses,
        long checksumErrors) {}
