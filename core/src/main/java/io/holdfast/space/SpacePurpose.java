package io.holdfast.space;

/** The purpose of a reservation. */
public enum SpacePurpose {
    /** New data or a new name: leaves the slop and the unwritten ranges alone. */
    WRITE,
    /**
     * Data into an unwritten block, which has its promise already. The checkpoint that makes the block written
     * drops that promise. Until then the block is counted twice: this may refuse a write early, and never accepts
     * one too many.
     */
    WRITE_UNWRITTEN,
    /** A change that frees space: may use half of the slop. */
    RELEASE
}
