package io.holdfast.device;

/**
 * Blocks side by side in a buffer, and where they go on a device.
 *
 * @param block first block on the device
 * @param from first block in the buffer
 * @param count number of blocks, at least 1
 */
public record Piece(long block, int from, int count) {}
