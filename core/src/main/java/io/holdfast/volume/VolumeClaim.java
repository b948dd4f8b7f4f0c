package io.holdfast.volume;

import io.holdfast.error.HoldfastException;

/** Keeps every volume off a file or block device until it is closed; the engine makes one. */
public interface VolumeClaim extends AutoCloseable {
    /** Gives the file or device free. */
    @Override
    void close() throws HoldfastException;
}
