package io.holdfast.cli.control;

import io.holdfast.error.ErrorCode;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.FileClaim;
import io.holdfast.volume.InUse;
import io.holdfast.volume.RepairPlan;
import java.time.Instant;
import java.util.Optional;

/** The operations of {@link io.holdfast.volume.Volume}, with its names and meanings. */
sealed interface VolumeRequest extends Request {
    record Info() implements VolumeRequest {}

    /** Answered with a list of at most one string. */
    record Storage() implements VolumeRequest {}

    record Usage() implements VolumeRequest {}

    /** Answered with a list of at most one {@link io.holdfast.volume.HostSpace}. */
    record Host() implements VolumeRequest {}

    record Counters() implements VolumeRequest {}

    /** Answered with {@link io.holdfast.cli.metrics.ServerReadings}, without the exports. */
    record Readings() implements VolumeRequest {}

    record Recovery() implements VolumeRequest {}

    /** Answered with a list of lines. */
    record Damage() implements VolumeRequest {}

    /** Answered with a list of at most one {@link LatchedFailure}. */
    record Failure() implements VolumeRequest {}

    /** Answered with {@link OpenedFile}. */
    record Open(String path) implements VolumeRequest {}

    /** Answered with {@link OpenedFile}. */
    record Create(String path, CreateOptions options) implements VolumeRequest {}

    /** Answered with {@link OpenedFile}. */
    record CreateUnnamed(CreateOptions options) implements VolumeRequest {}

    record Mkdir(String path, CreateOptions options) implements VolumeRequest {}

    record Symlink(String path, String target) implements VolumeRequest {}

    record ReadLink(String path) implements VolumeRequest {}

    record Link(String existing, String added) implements VolumeRequest {}

    record Status(String path) implements VolumeRequest {}

    record SetAttributes(
            String path,
            Optional<Integer> mode,
            Optional<Integer> uid,
            Optional<Integer> gid,
            Optional<Instant> accessTime,
            Optional<Instant> modifyTime)
            implements VolumeRequest {}

    /** At most {@link #ENTRIES_MAX} entries are answered, whatever the limit. */
    record List(String path, String after, int limit) implements VolumeRequest {
        static final int ENTRIES_MAX = 400;
    }

    record Rename(String from, String to) implements VolumeRequest {}

    record Remove(String path) implements VolumeRequest {}

    /** The value is the frame's data. */
    record SetXattr(String path, String name) implements VolumeRequest {}

    /** The value is the reply's data. */
    record GetXattr(String path, String name) implements VolumeRequest {}

    record ListXattrs(String path) implements VolumeRequest {}

    record RemoveXattr(String path, String name) implements VolumeRequest {}

    record Sync() implements VolumeRequest {}

    record Checkpoint() implements VolumeRequest {}

    /** Answered with progress replies and then the number of bytes. */
    record Trim() implements VolumeRequest {}

    /** Answered with {@link io.holdfast.volume.VolumeGrowth}. */
    record Grow(long bytes) implements VolumeRequest {}

    /** Answered with {@link Served.Resumed}. This connection has the old volume, which is closed then. */
    record Resume() implements VolumeRequest {}

    record AcceptLoss(String path) implements VolumeRequest {}

    /** Answered with progress replies and then the report. */
    record Check() implements VolumeRequest {}

    /** As {@link Check}, of a part, or with a bound. A server that does not know this must not check everything instead. */
    record CheckPart(boolean metadataOnly, java.util.List<String> files, long rate) implements VolumeRequest {}

    /** Answered with progress replies and then {@link RepairFound}. A connection has one repair at a time. */
    record CheckForRepair() implements VolumeRequest {}

    /** Answered with {@link RepairPlanned}. */
    record PlanRepair(long repair) implements VolumeRequest {}

    /** Answered with progress replies and then the {@link io.holdfast.volume.RepairPlan} that was done. This connection has the old volume, which is closed then. */
    record ApplyRepair(long repair) implements VolumeRequest {}

    /** Forgets a repair; the end of the connection does that, too. */
    record EndRepair(long repair) implements VolumeRequest {}

    /** Answered with a list of at most one {@link io.holdfast.volume.FinishedCheck}. */
    record LastCheck() implements VolumeRequest {}

    /** Answered with a list of {@link io.holdfast.volume.JobStatus}. */
    record Jobs() implements VolumeRequest {}

    record PauseJob(long job) implements VolumeRequest {}

    record ResumeJob(long job) implements VolumeRequest {}

    record CancelJob(long job) implements VolumeRequest {}

    /** Sets the bound of a job's rate; 0 for none. */
    record LimitJob(long job, long rate) implements VolumeRequest {}

    /** Answered with {@link ServerStatus}. */
    record Server() implements VolumeRequest {}

    /** Answered with a list of the first {@link #CLIENTS_MAX} NBD clients whose numbers are above {@code after}. */
    record Clients(long after) implements VolumeRequest {
        static final int CLIENTS_MAX = 100;
    }

    /** Ends an NBD client; answered with {@link io.holdfast.nbd.NbdSessions.Disconnected}. */
    record Disconnect(long client) implements VolumeRequest {}

    /** Says which process this is, for messages about the files that the connection has open. */
    record Hello(long pid) implements VolumeRequest {}

    /** Answered with {@link ClaimedFrom}. */
    record Claim(java.util.List<String> paths, InUse inUse) implements VolumeRequest {
        static final int PATHS_MAX = 64;
    }

    /** Answered with {@link ClaimedFrom}. */
    record ClaimSize(String path, InUse inUse) implements VolumeRequest {}

    /** Closes a claim; the end of the connection closes all its claims. */
    record Release(long claim) implements VolumeRequest {}

    /** The required part of the answer to a claim. */
    record Claimed(long claim) {}

    /** The answer to a claim. An older server does not say who was cut off. */
    record ClaimedFrom(long claim, java.util.List<FileClaim.CutOff> cutOff) {
        static final String CUT_OFF = "cut_off";
    }

    /** The answer to opening a file; {@code handle} is valid on this connection until it is closed. */
    record OpenedFile(long handle, long inode, boolean checksummed) {}

    /** What a check for a repair has found. */
    record RepairFound(long repair, CheckReport report) {}

    /** What a repair would do, and about how long clients would wait. */
    record RepairPlanned(RepairPlan plan, long waitNanos) {}

    /** Why a volume takes no more writes. */
    record LatchedFailure(ErrorCode code, String message) {}
}
