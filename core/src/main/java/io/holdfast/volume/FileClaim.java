package io.holdfast.volume;

/**
 * Keeps users of files out, and other changes of their names, until it is closed: {@link VolumeFiles#claim}. Its owner does
 * meanwhile what it wants to do.
 */
public interface FileClaim extends AutoCloseable {
    /** Gives the files free. Closing twice is harmless. */
    @Override
    void close();
}
