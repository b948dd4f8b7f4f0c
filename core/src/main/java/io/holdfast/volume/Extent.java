package io.holdfast.volume;

/**
 * A run of a file that is in one state.
 *
 * @param offset bytes, unsigned
 * @param length bytes, at least 1
 */
public record Extent(long offset, long length, State state) {
    /** What is at a place of a file. */
    public enum State {
        /** Nothing is allocated; reads as zeroes. */
        HOLE,
        /** Space is reserved, nothing was written; reads as zeroes. */
        UNWRITTEN,
        /** Data, on the device or still in memory. */
        WRITTEN
    }
}
