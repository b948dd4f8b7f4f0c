package io.holdfast.device;

/**
 * Blocks of a buffer that follow each other, and where they go on a device.
 *
 * @param block first block on the device
 * @param from first block in the buffer
 * @param count of blocks, at least 1
 */
public record Piece(long block, int from, int count) {}
