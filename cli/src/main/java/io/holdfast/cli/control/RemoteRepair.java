package io.holdfast.cli.control;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.Progress;
import io.holdfast.volume.RepairPlan;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeRepair;
import java.time.Duration;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** The repair of a volume that a server has open. The server checks beside its clients, and stops them for {@link #apply} alone. */
final class RemoteRepair implements VolumeRepair {
    /** A server answers at once. The command that waits for it has done its work. */
    private static final Duration END_TIME_MAX = Duration.ofSeconds(3);

    private final RemoteVolume volume;
    private final ControlClient client;
    private volatile @Nullable Long repair;
    private VolumeRequest.@Nullable RepairPlanned planned;

    RemoteRepair(RemoteVolume volume, ControlClient client) {
        this.volume = volume;
        this.client = client;
    }

    @Override
    public Volume volume() {
        return volume;
    }

    @Override
    public CheckReport check(Progress progress) throws HoldfastException {
        ControlClient.Result answer = client.call(new VolumeRequest.CheckForRepair(), Frame.NO_DATA, progress);
        VolumeRequest.RepairFound found = client.decode(answer, VolumeRequest.RepairFound.class);
        repair = found.repair();
        return found.report();
    }

    private long repair() throws HoldfastException {
        Long begun = repair;
        if (begun == null) {
            throw new HoldfastException(ErrorCode.INVALID, "check the volume first");
        }
        return begun;
    }

    private VolumeRequest.RepairPlanned planned() throws HoldfastException {
        VolumeRequest.RepairPlanned known = planned;
        if (known == null) {
            known = client.call(new VolumeRequest.PlanRepair(repair()), VolumeRequest.RepairPlanned.class);
            planned = known;
        }
        return known;
    }

    @Override
    public RepairPlan plan() throws HoldfastException {
        return planned().plan();
    }

    @Override
    public OptionalLong clientsWait() throws HoldfastException {
        return OptionalLong.of(planned().waitNanos());
    }

    @Override
    public RepairPlan apply(Progress progress) throws HoldfastException {
        ControlClient.Result answer = client.call(new VolumeRequest.ApplyRepair(repair()), Frame.NO_DATA, progress);
        return client.decode(answer, RepairPlan.class);
    }

    /**
     * Has the server forget what it has found, and closes the connection. When this returns, the next repair can begin, unless the server does not answer or another
     * thread waits for it: then the server forgets when it notices that the connection has ended.
     */
    @Override
    public void close() {
        Long begun = repair;
        if (begun != null) {
            client.callLast(new VolumeRequest.EndRepair(begun), END_TIME_MAX);
        }
        volume.close();
    }
}
