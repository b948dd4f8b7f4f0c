package io.holdfast.engine;

import io.holdfast.background.Background;
import io.holdfast.checkpoint.VolumeState;
import io.holdfast.device.MeteredDevice;
import io.holdfast.file.FileLayer;
import io.holdfast.volume.OpenOptions;
import org.jspecify.annotations.Nullable;

/**
 * The layers of an open volume, and how it was opened: for what opens, closes and replaces volumes.
 *
 * @param writable null if the volume is open read-only
 */
record Layers(
        MeteredDevice device,
        DeviceGuard guard,
        OpenOptions options,
        VolumeOnDevice.Environment environment,
        VolumeState state,
        FileLayer files,
        FileLayer.@Nullable Writable writable,
        Background background,
        Discarding discarding,
        VolumeLife life) {}
