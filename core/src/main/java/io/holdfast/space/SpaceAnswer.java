package io.holdfast.space;

/** The answer to a request for space. */
public enum SpaceAnswer {
    RESERVED,
    /** Not so much is left, but will be when what is being discarded is free again, in a moment. */
    DISCARDING,
    /** Not so much is left, but a checkpoint may free some. */
    FULL_FOR_NOW,
    FULL
}
