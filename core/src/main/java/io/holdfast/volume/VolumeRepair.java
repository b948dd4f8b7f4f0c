package io.holdfast.volume;

import io.holdfast.error.HoldfastException;
import java.util.OptionalLong;

/**
 * The repair of a volume: {@link #check}, then {@link #plan}, then {@link #apply}. Used by one thread, once. Nothing of it is written before {@code apply}.
 */
public interface VolumeRepair extends AutoCloseable {
    /** Returns the volume as it is; not after {@link #apply}. */
    Volume volume();

    /**
     * Checks the volume.
     *
     * @throws HoldfastException as {@link Volume#check}
     */
    CheckReport check(Progress progress) throws HoldfastException;

    /**
     * Says what would be repaired; after {@link #check}.
     *
     * @throws HoldfastException {@code DEVICE_ERROR} or {@code DAMAGED} if something cannot be read any more that the check could read
     */
    RepairPlan plan() throws HoldfastException;

    /**
     * Does what the plan says, in one checkpoint: durable when this returns. A crash leaves the volume of before or the repaired one. What the
     * volume of before needs stays on the device until the volume is opened for writing.
     *
     * @param progress hears how far it is
     * @return what was done; others may have changed what there is to do
     * @throws HoldfastException if it could not be done; then the volume is as before, or, after an error of the device, either
     */
    RepairPlan apply(Progress progress) throws HoldfastException;

    /**
     * Returns about how long clients of the volume will wait for {@link #apply}, in nanoseconds; empty if nobody else has the volume open. After {@link #check}.
     */
    default OptionalLong clientsWait() throws HoldfastException {
        return OptionalLong.empty();
    }

    @Override
    void close() throws HoldfastException;
}
