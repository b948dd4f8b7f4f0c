package io.holdfast.cli.control;

import io.holdfast.cli.ProductVersion;
import io.holdfast.cli.metrics.ServerReadings;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.NbdClientStatus;
import io.holdfast.nbd.NbdSessions.Disconnected;
import io.holdfast.volume.CheckOptions;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.LiveRepair;
import io.holdfast.volume.Progress;
import io.holdfast.volume.RecoveryReport;
import io.holdfast.volume.RepairPlan;
import io.holdfast.volume.Volume;
import java.util.List;
import java.util.Optional;

/** What a server serves. */
public interface Served {
    /** Returns the volume that is open now; another one after {@link #resume}. */
    Volume volume();

    /**
     * Opens the volume again that has failed ({@link Volume#reopen}), and serves that.
     *
     * @throws HoldfastException as {@link Volume#reopen}: the volume is served as before
     */
    Resumed resume() throws HoldfastException;

    /** Returns what the server has counted; empty for one that does not count. */
    default Optional<ServerReadings> readings() {
        return Optional.empty();
    }

    /** Checks the volume ({@link Volume#check(CheckOptions, Progress)}). */
    default CheckReport check(CheckOptions options, Progress progress) throws HoldfastException {
        return volume().check(options, progress);
    }

    /** Checks the volume for a repair ({@link LiveRepair#check}). */
    default CheckReport check(LiveRepair repair, Progress progress) throws HoldfastException {
        return repair.check(progress);
    }

    /**
     * Repairs the volume ({@link LiveRepair#apply}), and serves what comes of it.
     *
     * @return what was repaired
     * @throws HoldfastException if nothing was; unless the volume has failed it is served as before
     */
    default RepairPlan repair(LiveRepair repair, Progress progress) throws HoldfastException {
        throw new HoldfastException(ErrorCode.UNSUPPORTED, "this server cannot open its volume again");
    }

    /** Returns what the server is. */
    default ServerStatus server() {
        return new ServerStatus(
                ProcessHandle.current().pid(),
                ProductVersion.get(),
                0,
                List.of(),
                clients().size());
    }

    /** Returns the NBD clients, by their numbers. */
    default List<NbdClientStatus> clients() {
        return List.of();
    }

    /**
     * Ends an NBD client in order, and waits for that for some seconds.
     *
     * @throws HoldfastException if there is no such client
     */
    default Disconnected disconnect(long client) throws HoldfastException {
        throw noClient(client);
    }

    /** Returns the error for a client that is not there. */
    static HoldfastException noClient(long client) {
        return new HoldfastException(
                ErrorCode.NOT_FOUND, "there is no client " + client + "; it may have left; list the clients");
    }

    /**
     * What opening again has found.
     *
     * @param lost paths of the files whose flushes are refused
     */
    record Resumed(RecoveryReport recovery, List<String> lost) {}

    /** Serves one volume for ever. */
    static Served only(Volume volume) {
        return new Served() {
            @Override
            public Volume volume() {
                return volume;
            }

            @Override
            public Resumed resume() throws HoldfastException {
                throw new HoldfastException(ErrorCode.UNSUPPORTED, "this server cannot open its volume again");
            }
        };
    }
}
