package io.holdfast.device;

import io.holdfast.error.HoldfastException;

/** The right to use a device, until it is closed; see {@link DeviceSource#claim}. Thread-safe. */
public interface DeviceClaim extends AutoCloseable {
    /**
     * Names the storage that the device is on: the same whatever URI or path leads to it, in every process that can reach it,
     * and another one for every other device.
     */
    String storage();

    /**
     * Opens the device for a volume, as large as it is.
     *
     * @param options asks to write only if the claim was taken for writing
     * @throws HoldfastException {@code NOT_FOUND}, {@code DEVICE_ERROR}; {@code INVALID} or {@code UNSUPPORTED} if there is
     *     no such I/O as the options name
     */
    Device open(DeviceOptions options) throws HoldfastException;

    /** Opens the device to look what is on it, and to write an empty volume. The claim was taken for writing. */
    FormattableDevice openToFormat() throws HoldfastException;

    /** Gives the device free. To be called after all that was opened here is closed. Closing twice is harmless. */
    @Override
    void close() throws HoldfastException;
}
