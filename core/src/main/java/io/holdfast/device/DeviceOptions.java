package io.holdfast.device;

/**
 * How to open a device.
 *
 * @param writable to write to it, too
 * @param direct past the cache of the operating system, where there is one and it can be; {@link Device#directIo} tells
 * @param io name of the way to do file I/O ({@link IoEngines}); devices that are no files take no notice
 */
public record DeviceOptions(boolean writable, boolean direct, String io) {}
