package io.holdfast.volume;

import io.holdfast.error.HoldfastException;

/**
 * The repair of a volume that nobody else has open: {@link #check}, then {@link #plan}, then {@link #apply}. Used by one thread, once.
 * Nothing is written before {@code apply}.
 */
public interface VolumeRepair extends AutoCloseable {
    /** Returns the volume as it is, read-only; not after {@link #apply}. */
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
     * @throws HoldfastException if it could not be done; then the volume is as before, or, after an error of the device, either
     */
    void apply() throws HoldfastException;

    @Override
    void close() throws HoldfastException;
}
