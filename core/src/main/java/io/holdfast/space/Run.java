package io.holdfast.space;

/**
 * Blocks side by side.
 *
 * @param start first block
 * @param end behind the last block
 */
public record Run(long start, long end) {
    public long length() {
        return end - start;
    }
}
