package io.holdfast.space;

/** The answer to a request for space. */
public enum SpaceAnswer {
    RESERVED,
    /** Not so much is left, but a checkpoint may free some. */
    FULL_FOR_NOW,
    FULL
}
