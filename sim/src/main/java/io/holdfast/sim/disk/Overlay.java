package io.holdfast.sim.disk;

/** What is wrong with a block, over the pristine content; gone when the block is written again. */
sealed interface Overlay {
    /** A bit is flipped. */
    record Rot(int bit) implements Overlay {}

    /** The block cannot be read. */
    record Unreadable() implements Overlay {}

    /** Something else is there: what was there before a lost write, or what a misdirected one put there. */
    record Other(byte[] content) implements Overlay {}
}
