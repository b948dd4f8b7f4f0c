package io.holdfast.cli;

import io.holdfast.engine.Volumes;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeClaim;
import io.holdfast.volume.VolumeRepair;
import java.nio.file.Path;

/** Makes and opens volumes. The command uses {@link #HOLDFAST}; tests replace it. */
public interface Engine {
    Engine HOLDFAST = new Engine() {
        @Override
        public void format(Path device, FormatOptions options, Progress progress) throws HoldfastException {
            Volumes.format(device, options, progress);
        }

        @Override
        public Volume open(Path device, OpenOptions options) throws HoldfastException {
            return Volumes.open(device, options);
        }
    };

    /** As {@link Volumes#format}. */
    void format(Path device, FormatOptions options, Progress progress) throws HoldfastException;

    /** As {@link Volumes#open}. */
    Volume open(Path device, OpenOptions options) throws HoldfastException;

    /** As {@link Volumes#repair}. */
    default VolumeRepair repair(Path device, OpenOptions options) throws HoldfastException {
        return Volumes.repair(device, options);
    }

    /** As {@link Volumes#undoRepair}. */
    default void undoRepair(Path device, OpenOptions options) throws HoldfastException {
        Volumes.undoRepair(device, options);
    }

    /** As {@link Volumes#claim}. */
    default VolumeClaim claim(Path file) throws HoldfastException {
        return Volumes.claim(file);
    }
}
