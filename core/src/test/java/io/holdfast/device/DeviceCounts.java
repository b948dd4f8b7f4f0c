package io.holdfast.device;

/** What a {@link FaultDevice} was asked to do since it was made, failed requests included. */
public record DeviceCounts(long reads, long writes, long flushes, long bytesRead, long bytesWritten) {}
