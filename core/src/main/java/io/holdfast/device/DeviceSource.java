package io.holdfast.device;

import io.holdfast.error.HoldfastException;
import java.io.IOException;

/** Where a device is, or is to be: what a URI names. Thread-safe, holds nothing open. */
public interface DeviceSource {
    /**
     * Makes an empty device if there is none.
     *
     * @return false if there is one; it was not touched
     * @throws HoldfastException {@code NOT_FOUND} or {@code DEVICE_ERROR} if there is none and it cannot be made; {@code
     *     UNSUPPORTED} if devices of this kind are not made here
     */
    boolean create() throws HoldfastException;

    /** Removes what {@link #create} has made, after formatting it failed. Throws nothing: it says so in the log. */
    void remove();

    /**
     * Takes the right to use the device: until the claim is closed no other one is given, in any process, beside one for
     * writing; any number may be held for reading. It is the provider's affair how that is done, and to see to it that the
     * right ends with the process.
     *
     * @param writable whether the device is to be written to
     * @throws HoldfastException {@code HELD}, naming the holder if it is known; {@code NOT_FOUND} if there is no device;
     *     {@code IS_A_DIRECTORY} or {@code INVALID} for what can be none; {@code DEVICE_ERROR}
     */
    DeviceClaim claim(boolean writable) throws HoldfastException;

    /**
     * Names what is there now as {@link DeviceClaim#storage} does.
     *
     * @throws IOException if there is nothing, or it cannot be told
     */
    String storage() throws IOException;

    /** Returns the name for messages. */
    @Override
    String toString();
}
