package io.holdfast.engine;

import io.holdfast.checkpoint.VolumeState;
import io.holdfast.concurrent.Timing;
import io.holdfast.device.MeteredDevice;
import io.holdfast.file.FileLayer;
import io.holdfast.format.Superblock;
import io.holdfast.memory.MemoryPlan;
import io.holdfast.volume.RecoveryReport;
import org.jspecify.annotations.Nullable;

/**
 * The parts of an open volume below its files.
 *
 * @param superblock the one that opening found
 * @param writable null if the volume is open read-only
 * @param memory what the volume may use
 * @param skipped what a rescue has gone past; empty else
 */
record OpenedVolume(
        MeteredDevice device,
        VolumeState state,
        Superblock superblock,
        FileLayer.@Nullable Writable writable,
        RecoveryReport recovery,
        MemoryPlan memory,
        Timing timing,
        SkippedDamage skipped) {}
