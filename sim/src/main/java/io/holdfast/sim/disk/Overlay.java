package io.holdfast.sim.disk;

/** The damage of a block, over its pristine content; a new write of the block removes it. */
sealed interface Overlay {
    /** A bit is flipped. */
    record Rot(int bit) implements Overlay {}

    /** The block cannot be read. */
    record Unreadable() implements Overlay {}

    /** Other content is there: the content before a lost write, or that of a misdirected one. */
    record Other(byte[] content) implements Overlay {}
}
