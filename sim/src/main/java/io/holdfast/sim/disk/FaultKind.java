package io.holdfast.sim.disk;

/** What can go wrong with a disk. */
public enum FaultKind {
    /** A bit of a block on the medium flips. */
    BIT_ROT,
    /** A block cannot be read any more. */
    LATENT_ERROR,
    /** A write is acknowledged and was not done. */
    LOST_WRITE,
    /** A write goes to another place. */
    MISDIRECTED_WRITE,
    /** A read returns another place's content, once. */
    MISDIRECTED_READ,
    /** An I/O takes a thousand times as long, so that others pass it. */
    DELAY,
    /** A write fails. */
    WRITE_ERROR,
    /** The host of a sparse volume file has no room for a while; whether it promises any depends on the seed. */
    HOST_FULL,
    /** A flush fails, and a part of what it was to make durable is lost. */
    FLUSH_ERROR,
    /** A flush is acknowledged and was not done. */
    FLUSH_LIE,
    /** The disk does not answer any more, until the volume is opened again. */
    VANISH,
    /** The disk vanishes and comes back with what it had some time ago. */
    COMES_BACK_STALE,
    /** A part of the log that was flushed long ago rots before a crash. */
    LOG_ROT;

    /** Returns whether content on the medium is not what was written, while it says that all is well. */
    public boolean damages() {
        return switch (this) {
            case BIT_ROT, LATENT_ERROR, LOST_WRITE, MISDIRECTED_WRITE, MISDIRECTED_READ, LOG_ROT -> true;
            default -> false;
        };
    }

    /** Returns whether what was reported as durable may be gone after it, without a trace on a single device. */
    public boolean undoesDurability() {
        return switch (this) {
            case BIT_ROT, LATENT_ERROR, LOST_WRITE, MISDIRECTED_WRITE, FLUSH_LIE, COMES_BACK_STALE -> true;
            default -> false;
        };
    }
}
