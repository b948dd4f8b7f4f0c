package io.holdfast.device;

import io.holdfast.error.HoldfastException;

/** The right to use a device, until this is closed; see {@link DeviceSource#claim}. Thread-safe. */
public interface DeviceClaim extends AutoCloseable {
    /**
     * Names the storage that the device is on. The name is the same for every URI or path that leads there, in every
     * process that can reach it. Every other device has another name.
     */
    String storage();

    /**
     * Opens the device for a volume, with the size that it has.
     *
     * @param options ask to write only if the claim was taken for writing
     * @throws HoldfastException {@code NOT_FOUND}, {@code DEVICE_ERROR}; {@code INVALID} or {@code UNSUPPORTED} if the
     *     I/O that the options name is not to be had here
     */
    Device open(DeviceOptions options) throws HoldfastException;

    /**
     * Opens the device for a caller that looks what is on it and writes an empty volume. The claim must have been taken
     * for writing.
     *
     * @param taking whether the caller takes the room of the device beforehand ({@link Device#preallocate})
     */
    FormattableDevice openToFormat(boolean taking) throws HoldfastException;

    /** Gives the device free. Close what was opened here first. Closing twice is harmless. */
    @Override
    void close() throws HoldfastException;
}
