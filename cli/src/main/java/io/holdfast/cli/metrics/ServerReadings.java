package io.holdfast.cli.metrics;

import io.holdfast.cli.space.SpaceReport;
import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.NbdMetrics;
import io.holdfast.volume.FinishedCheck;
import io.holdfast.volume.HostSpace;
import io.holdfast.volume.JobStatus;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeCounters;
import io.holdfast.volume.VolumeMetrics;
import io.holdfast.volume.VolumeUsage;
import java.util.List;
import java.util.Optional;

/**
 * What a server has counted until one moment.
 *
 * @param failed whether the volume takes no more writes because a write or flush failed
 * @param refusedFlushes files whose flushes are refused, since writes that were acknowledged were lost
 * @param doors empty while clients cannot come
 */
public record ServerReadings(
        boolean readOnly,
        boolean failed,
        long generation,
        int refusedFlushes,
        VolumeUsage usage,
        Optional<HostSpace> host,
        VolumeCounters counters,
        Optional<VolumeMetrics> metrics,
        List<JobStatus> jobs,
        Optional<FinishedCheck> lastCheck,
        Optional<Doors> doors) {
    public ServerReadings {
        jobs = List.copyOf(jobs);
    }

    /**
     * What the NBD clients do.
     *
     * @param connectionsMax how many there may be at once
     * @param payloadBytes memory that requests hold
     * @param payloadBytesMax how much that may become
     */
    public record Doors(NbdMetrics nbd, int connectionsMax, long payloadBytes, long payloadBytesMax) {
        private Doors withoutExports() {
            return new Doors(
                    new NbdMetrics(nbd.counters(), nbd.operations(), List.of(), nbd.others()),
                    connectionsMax,
                    payloadBytes,
                    payloadBytesMax);
        }
    }

    /** Looks at a volume that is being served. Reads nothing from its device, but what the last check has found may be there. */
    public static ServerReadings of(Volume volume, SpaceReport space, Optional<Doors> doors) {
        return new ServerReadings(
                volume.info().readOnly(),
                volume.failure().isPresent(),
                volume.info().generation(),
                volume.lostFlushes().size(),
                space.usage(),
                space.host(),
                volume.counters(),
                volume.metrics(),
                jobs(volume),
                lastCheck(volume),
                doors);
    }

    private static List<JobStatus> jobs(Volume volume) {
        try {
            return volume.jobs().list();
        } catch (HoldfastException e) {
            return List.of(); // The volume is being closed.
        }
    }

    private static Optional<FinishedCheck> lastCheck(Volume volume) {
        try {
            return volume.lastCheck();
        } catch (HoldfastException e) {
            return Optional.empty(); // 'holdfast info' says why.
        }
    }

    /** Returns the same without the exports one by one: their names may be long. */
    public ServerReadings withoutExports() {
        return new ServerReadings(
                readOnly,
                failed,
                generation,
                refusedFlushes,
                usage,
                host,
                counters,
                metrics,
                jobs,
                lastCheck,
                doors.map(Doors::withoutExports));
    }
}
