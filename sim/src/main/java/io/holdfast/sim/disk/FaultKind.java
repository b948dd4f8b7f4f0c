package io.holdfast.sim.disk;

/** The faults that a disk can have. */
public enum FaultKind {
    /** A bit of a block on the medium flips. */
    BIT_ROT,
    /** A block cannot be read any more. */
    LATENT_ERROR,
    /** A write is acknowledged but not done. */
    LOST_WRITE,
    /** A write goes to another place. */
    MISDIRECTED_WRITE,
    /** A read returns another place's content, once. */
    MISDIRECTED_READ,
    /** An I/O takes a thousand times as long, so that others overtake it. */
    DELAY,
    /** A write fails. */
    WRITE_ERROR,
    /** The host of a sparse volume file has no room for a while. The seed decides whether the host can reserve room. */
    HOST_FULL,
    /** A flush fails, and a part of the data that it covered is lost. */
    FLUSH_ERROR,
    /** A flush is acknowledged but not done. */
    FLUSH_LIE,
    /** The disk does not answer until the volume is opened again. */
    VANISH,
    /** The disk vanishes and comes back with an older state. */
    COMES_BACK_STALE,
    /** A part of the log that was flushed long ago rots before a crash. */
    LOG_ROT;

    /** Returns whether this fault changes content on the medium while the disk reports success. */
    public boolean damages() {
        return switch (this) {
            case BIT_ROT, LATENT_ERROR, LOST_WRITE, MISDIRECTED_WRITE, MISDIRECTED_READ, LOG_ROT -> true;
            default -> false;
        };
    }

    /** Returns whether after this fault durable data may be gone, in a way that a single device cannot show. */
    public boolean undoesDurability() {
        return switch (this) {
            case BIT_ROT, LATENT_ERROR, LOST_WRITE, MISDIRECTED_WRITE, FLUSH_LIE, COMES_BACK_STALE -> true;
            default -> false;
        };
    }
}
