package io.holdfast.engine;

import io.holdfast.device.Device;
import io.holdfast.device.DeviceClaim;
import io.holdfast.device.DeviceOptions;
import io.holdfast.device.DeviceProvider;
import io.holdfast.device.DeviceSource;
import io.holdfast.device.Devices;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Layout;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeClaim;
import io.holdfast.volume.VolumeRepair;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;

/**
 * Volumes on files, block devices and what a {@link DeviceProvider} offers. Every door begins here. A path means the
 * file or block device there; so does a URI of {@code file:} or without a scheme. Any other scheme says which provider
 * has the device. A scheme that no provider has is {@code INVALID}.
 */
public final class Volumes {
    private Volumes() {}

    /**
     * Writes an empty volume. Everything on the device is lost.
     *
     * @throws HoldfastException {@code NOT_EMPTY_DEVICE} if the device holds something and {@code force} is not set;
     *     {@code HELD} if a process has a volume on it open; {@code INVALID} if the size is out of range, or if space is to
     *     be taken beforehand and the device is no regular file; {@code NO_SPACE} if the host has not so much
     */
    public static void format(Path device, FormatOptions options) throws HoldfastException {
        format(device, options, Progress.NONE);
    }

    /**
     * Does as {@link #format(Path, FormatOptions)}.
     *
     * @param progress hears how many bytes of the host were taken beforehand. If it throws, nothing is left of what this call
     *     has made
     */
    public static void format(Path device, FormatOptions options, Progress progress) throws HoldfastException {
        Formatting.format(Devices.at(device), options, progress);
    }

    /** Does as {@link #format(Path, FormatOptions)} on the device that a URI leads to. */
    public static void format(URI device, FormatOptions options) throws HoldfastException {
        Formatting.format(Devices.at(device), options, Progress.NONE);
    }

    /**
     * Opens a volume, and recovers it if it was not closed.
     *
     * @throws HoldfastException {@code NOT_A_VOLUME}, {@code DAMAGED}, {@code UNSUPPORTED}; {@code HELD} with the pid
     *     of the holder in the message
     */
    public static Volume open(Path device, OpenOptions options) throws HoldfastException {
        return open(Devices.at(device), options);
    }

    /** Does as {@link #open(Path, OpenOptions)} on the device that a URI leads to. */
    public static Volume open(URI device, OpenOptions options) throws HoldfastException {
        return open(Devices.at(device), options);
    }

    private static Volume open(DeviceSource source, OpenOptions options) throws HoldfastException {
        VolumeOpening.requirePossibleMemory(options.memory());
        DeviceClaim claim = source.claim(!options.readOnly());
        boolean done = false;
        try {
            DeviceGuard guard =
                    DeviceGuard.of(claim, new DeviceOptions(!options.readOnly(), options.directIo(), options.io()));
            Volume volume = VolumeOpening.open(guard.open(), guard, options, VolumeOnDevice.Environment.system());
            done = true;
            return volume;
        } finally {
            if (!done) {
                claim.close();
            }
        }
    }

    /**
     * Opens a volume to repair it. Nobody else may have it open.
     *
     * @param options for writing
     * @throws HoldfastException as {@link #open(Path, OpenOptions)}
     */
    public static VolumeRepair repair(Path device, OpenOptions options) throws HoldfastException {
        VolumeOpening.requirePossibleMemory(options.memory());
        DeviceClaim claim = Devices.at(device).claim(true);
        boolean done = false;
        try {
            DeviceGuard guard = DeviceGuard.of(claim, new DeviceOptions(true, options.directIo(), options.io()));
            VolumeRepair repair =
                    VolumeRepairing.open(guard.open(), guard, options, VolumeOnDevice.Environment.system());
            done = true;
            return repair;
        } finally {
            if (!done) {
                claim.close();
            }
        }
    }

    /**
     * Undoes the repair of a volume that was not opened for writing since; durable when this returns. Nobody else may have it open.
     *
     * @throws HoldfastException {@code NOT_FOUND} if there is none, or if it is too late; {@code DAMAGED} if the superblock of before cannot be read; else as {@link #open(Path, OpenOptions)}
     */
    public static void undoRepair(Path device, OpenOptions options) throws HoldfastException {
        DeviceClaim claim = Devices.at(device).claim(true);
        try (Device opened = claim.open(new DeviceOptions(true, options.directIo(), options.io()))) {
            RepairUndo.run(opened, Layout.GROUP_LOG2);
        } finally {
            claim.close();
        }
    }

    /**
     * Keeps every volume off an existing file or block device while the caller overwrites it.
     *
     * @throws HoldfastException {@code HELD} if the system uses the device, or if a process has a volume on it open,
     *     even this process; {@code DEVICE_ERROR} if it may not be written to
     */
    public static VolumeClaim claim(Path file) throws HoldfastException {
        return Devices.at(file).claim(true)::close;
    }

    /** Does as {@link #claim(Path)} on the device that a URI leads to. */
    public static VolumeClaim claim(URI device) throws HoldfastException {
        return Devices.at(device).claim(true)::close;
    }

    /**
     * Names the file or block device that a path leads to now, as {@link Volume#storage} does.
     *
     * @throws IOException if there is none, or its name cannot be found out
     */
    public static String storageAt(Path device) throws IOException {
        return Devices.at(device).storage();
    }

    /** Does as {@link #storageAt(Path)} on the device that a URI leads to. */
    public static String storageAt(URI device) throws IOException {
        return Devices.at(device).storage();
    }
}
