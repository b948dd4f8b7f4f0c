package io.holdfast.volume;

import io.holdfast.error.HoldfastException;

/** Keeps every volume off a file or block device until it is closed. The engine's {@code Volumes} make it. */
public interface VolumeClaim extends AutoCloseable {
    /** Lets volumes use the file or device again. */
    @Override
    void close() throws HoldfastException;
}
