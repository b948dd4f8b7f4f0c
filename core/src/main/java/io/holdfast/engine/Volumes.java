package io.holdfast.engine;

import io.holdfast.device.FileDevice;
import io.holdfast.device.IoEngines;
import io.holdfast.device.VolumeLock;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeClaim;
import java.io.IOException;
import java.nio.file.Path;

/** Volumes on files and block devices: where every door begins. */
public final class Volumes {
    private Volumes() {}

    /**
     * Writes an empty volume. Everything on the device is lost.
     *
     * @throws HoldfastException {@code NOT_EMPTY_DEVICE} if something is there and {@code force} is not set; {@code
     *     HELD} if a process has a volume on it open; {@code INVALID} for a size out of range
     */
    public static void format(Path device, FormatOptions options) throws HoldfastException {
        Formatting.format(device, options);
    }

    /**
     * Opens a volume and recovers it if it was not closed.
     *
     * @throws HoldfastException {@code NOT_A_VOLUME}, {@code DAMAGED}, {@code UNSUPPORTED}; {@code HELD} with the pid
     *     of the holder in the message
     */
    public static Volume open(Path device, OpenOptions options) throws HoldfastException {
        VolumeOpening.requirePossibleMemory(options.memory());
        FileDevice.requireKind(device);
        VolumeLock lock = VolumeLock.acquire(device, !options.readOnly());
        boolean done = false;
        try {
            FileDevice opened = IoEngines.open(device, !options.readOnly(), options.directIo(), options.io());
            Volume volume =
                    VolumeOpening.open(opened, DeviceGuard.of(lock), options, VolumeOnDevice.Environment.system());
            done = true;
            return volume;
        } finally {
            if (!done) {
                lock.close();
            }
        }
    }

    /**
     * Keeps every volume off an existing file or block device while the caller overwrites it.
     *
     * @throws HoldfastException {@code HELD} if a process, this one too, has a volume on it open, or the system uses the
     *     device; {@code DEVICE_ERROR} if it may not be written to
     */
    public static VolumeClaim claim(Path file) throws HoldfastException {
        return VolumeLock.acquire(file, true)::close;
    }

    /** Names the file or block device that a path leads to now, as {@link Volume#storage} does. */
    public static String storageAt(Path device) throws IOException {
        return VolumeLock.storageAt(device);
    }
}
