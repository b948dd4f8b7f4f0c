package io.holdfast.background;

import io.holdfast.device.Device;
import io.holdfast.device.DeviceReads;
import io.holdfast.device.ForwardingDevice;
import io.holdfast.error.HoldfastException;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** A device of which a job reads: every read asks the job first. */
public final class PacedReads extends ForwardingDevice {
    private final Job job;

    private final boolean waits;

    /**
     * @param waits whether a read waits for the end of a pause. Otherwise it throws {@link JobPausedException}, so that its
     *     caller lets go of what it keeps from others
     */
    public PacedReads(Device device, Job job, boolean waits) {
        super(device);
        this.job = job;
        this.waits = waits;
    }

    @Override
    public void read(long block, MemorySegment target) throws HoldfastException {
        long bytes = target.byteSize();
        try (Job.Move _ = waits ? job.move(bytes) : job.moveUnlessPaused(bytes)) {
            device.read(block, target);
        }
    }

    /** Returns null: reads of a queue would not wait for the job. */
    @Override
    public @Nullable DeviceReads openReads(String name, Runnable handedOn) {
        return null;
    }
}
