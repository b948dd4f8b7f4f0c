package io.holdfast.cli.copy;

/**
 * What a copy did.
 *
 * @param size bytes of the file
 * @param written bytes of it that are not in a hole
 * @param losses what could not be read and is zero in the copy
 */
public record CopyResult(long size, long written, long nanos, Losses losses) {}
