package io.holdfast.bench.peer;

/** How the data of a disk came to be where it is. */
public enum Shape {
    /** Nothing was written. */
    EMPTY,
    /** All of it was written from the beginning to the end. */
    SEQUENTIAL,
    /** All of it was written, and then at least a part again at random. */
    SCRAMBLED
}
