package io.holdfast.device;

import io.holdfast.error.HoldfastException;
import java.io.IOException;

/** Where a device is, or is to be made: what a URI or a path names. Thread-safe; holds nothing open. */
public interface DeviceSource {
    /**
     * Makes an empty device if there is none.
     *
     * @return false if there is one already; it was not touched
     * @throws HoldfastException {@code NOT_FOUND} or {@code DEVICE_ERROR} if there is none and it cannot be made;
     *     {@code UNSUPPORTED} if devices of this kind are not made here
     */
    boolean create() throws HoldfastException;

    /**
     * Removes what {@link #create} has made, after formatting it failed. Throws nothing; a failure goes into the log.
     */
    void remove();

    /**
     * Takes the right to use the device. A claim for writing excludes every other claim, in any process. Any number of
     * claims for reading may be held at a time. The provider decides how it sees to that, and lets the right end with
     * the process.
     *
     * @param writable whether the device is to be written to
     * @throws HoldfastException {@code HELD}, naming the holder if it is known; {@code NOT_FOUND} if there is no
     *     device; {@code IS_A_DIRECTORY} or {@code INVALID} for what cannot be a device; {@code DEVICE_ERROR}
     */
    DeviceClaim claim(boolean writable) throws HoldfastException;

    /**
     * Names the storage that is there now, as {@link DeviceClaim#storage} does.
     *
     * @throws IOException if nothing is there, or its name cannot be found out
     */
    String storage() throws IOException;

    /** Returns the name for messages. */
    @Override
    String toString();
}
