package io.holdfast.volume;

/**
 * A range of a file that is in one state.
 *
 * @param offset bytes, unsigned
 * @param length bytes, at least 1
 */
public record Extent(long offset, long length, State state) {
    /** What a range of a file holds. */
    public enum State {
        /** Nothing is allocated; reads as zeroes. */
        HOLE,
        /** Space is reserved, and nothing was written; reads as zeroes. */
        UNWRITTEN,
        /** Data, on the device or still in memory. */
        WRITTEN,
        /** Nobody knows what it holds: a node of the file's map is damaged or lost. Reading it is an error. */
        LOST
    }
}
