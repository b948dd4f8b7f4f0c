package io.holdfast.bench.peer;

/** The order in which the data of a disk was written. */
public enum Shape {
    /** Nothing has been written. */
    EMPTY,
    /** All of the disk was written from beginning to end. */
    SEQUENTIAL,
    /** All of the disk was written, and then at least a part of it again at random. */
    SCRAMBLED
}
