package io.holdfast.device;

/**
 * How to open a device.
 *
 * @param writable whether to write as well as read
 * @param direct bypass the cache of the operating system if there is one and the device can; {@link Device#directIo}
 *     tells
 * @param io name of the way to do file I/O ({@link IoEngines}); devices that are not files ignore it
 */
public record DeviceOptions(boolean writable, boolean direct, String io) {}
