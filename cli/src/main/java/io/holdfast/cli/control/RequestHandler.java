package io.holdfast.cli.control;

import io.holdfast.cli.control.VolumeRequest.OpenedFile;
import io.holdfast.cli.metrics.ServerReadings;
import io.holdfast.cli.text.Names;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.NbdClientStatus;
import io.holdfast.nbd.NbdSessions.Disconnected;
import io.holdfast.volume.AttributeChange;
import io.holdfast.volume.CheckOptions;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.FileClaim;
import io.holdfast.volume.JobStatus;
import io.holdfast.volume.LiveRepair;
import io.holdfast.volume.Progress;
import io.holdfast.volume.RecoveryReport;
import io.holdfast.volume.RepairPlan;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeFiles;
import io.holdfast.volume.VolumePath;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * Carries out the requests of one connection on the volume. One thread uses it.
 *
 * <p>Invariant: a connection has at most {@link #FILES_MAX} files open and as many claims; it has none once this is
 * closed.
 */
final class RequestHandler implements AutoCloseable {
    static final int FILES_MAX = 64;
    private static final int MESSAGE_CHARS_MAX = 600;
    private static final int LISTED_MAX = 500;
    /** Lines of a plan, each of up to three messages. */
    private static final int PLANNED_MAX = 250;

    private final Served served;
    private final Volume volume;
    private final CommandUser user;
    private final VolumeFiles own;
    private final Progress progress;
    private final Progress repairProgress;
    private final Handles<StoredFile> files = new Handles<>("files", FILES_MAX, StoredFile::close);
    private final InodeRequestHandler byNumber = new InodeRequestHandler(this::opened);
    private final Handles<LiveRepair> repairs = new Handles<>("repairs", 1, LiveRepair::close);
    private final Handles<FileClaim> claims = new Handles<>("claims", FILES_MAX, FileClaim::close);

    /**
     * @param user the user in whose name files are opened and changed
     * @param progress hears how far a check is
     * @param repairProgress hears how far a repair is, while the volume's clients wait
     */
    RequestHandler(Served served, CommandUser user, Progress progress, Progress repairProgress) {
        this.repairProgress = repairProgress;
        this.served = served;
        this.volume = served.volume();
        this.user = user;
        this.own = volume.as(user);
        this.progress = progress;
    }

    /** An answer: a value for the reply's JSON, and bytes. */
    record Answer(JsonNode value, ByteBuffer data) {
        static Answer done() {
            return of(Map.of());
        }

        static Answer of(Object value) {
            return new Answer(Codec.tree(value), Frame.NO_DATA);
        }

        static Answer bytes(ByteBuffer data) {
            return new Answer(Codec.tree(Map.of()), data);
        }
    }

    /** One step that returns nothing. */
    @FunctionalInterface
    private interface Action {
        void run() throws HoldfastException;
    }

    Answer handle(Request request, ByteBuffer data) throws HoldfastException {
        for (String path : paths(request)) {
            requireCanonical(path);
        }
        return switch (request) {
            case VolumeRequest r -> onVolume(r, data);
            case InodeRequest r -> byNumber.handle(r, own.inodes(), data);
            case FileRequest r -> onFile(r, files.get(r.handle()), data);
        };
    }

    /** Requires the canonical form of a path. Commands send only that. */
    private static void requireCanonical(String path) throws HoldfastException {
        String canonical = VolumePath.parse(path).path();
        if (!path.equals(canonical)) {
            throw new HoldfastException(
                    ErrorCode.INVALID,
                    Names.printable("'" + path + "' is written as " + canonical
                            + " here: with a slash in front, one between names and none at the end"));
        }
    }

    private static List<String> paths(Request request) {
        return switch (request) {
            case VolumeRequest.Open r -> List.of(r.path());
            case VolumeRequest.Create r -> List.of(r.path());
            case VolumeRequest.Mkdir r -> List.of(r.path());
            case VolumeRequest.Symlink r -> List.of(r.path());
            case VolumeRequest.ReadLink r -> List.of(r.path());
            case VolumeRequest.Link r -> List.of(r.existing(), r.added());
            case VolumeRequest.Status r -> List.of(r.path());
            case VolumeRequest.SetAttributes r -> List.of(r.path());
            case VolumeRequest.List r -> List.of(r.path());
            case VolumeRequest.Rename r -> List.of(r.from(), r.to());
            case VolumeRequest.Remove r -> List.of(r.path());
            case VolumeRequest.SetXattr r -> List.of(r.path());
            case VolumeRequest.GetXattr r -> List.of(r.path());
            case VolumeRequest.ListXattrs r -> List.of(r.path());
            case VolumeRequest.RemoveXattr r -> List.of(r.path());
            case VolumeRequest.AcceptLoss r -> List.of(r.path());
            case VolumeRequest.Claim r -> r.paths();
            case VolumeRequest.CheckPart r -> r.files();
            case VolumeRequest.ClaimSize r -> List.of(r.path());
            case FileRequest.Name r -> List.of(r.path());
            case VolumeRequest.Info _,
                    VolumeRequest.Storage _,
                    VolumeRequest.Usage _,
                    VolumeRequest.Host _,
                    VolumeRequest.Counters _,
                    VolumeRequest.Readings _,
                    VolumeRequest.Recovery _,
                    VolumeRequest.Damage _,
                    VolumeRequest.Failure _,
                    VolumeRequest.CreateUnnamed _,
                    VolumeRequest.Sync _,
                    VolumeRequest.Checkpoint _,
                    VolumeRequest.Trim _,
                    VolumeRequest.Grow _,
                    VolumeRequest.Resume _,
                    VolumeRequest.Check _,
                    VolumeRequest.CheckForRepair _,
                    VolumeRequest.PlanRepair _,
                    VolumeRequest.ApplyRepair _,
                    VolumeRequest.EndRepair _,
                    VolumeRequest.LastCheck _,
                    VolumeRequest.Jobs _,
                    VolumeRequest.PauseJob _,
                    VolumeRequest.ResumeJob _,
                    VolumeRequest.CancelJob _,
                    VolumeRequest.LimitJob _,
                    VolumeRequest.Server _,
                    VolumeRequest.Clients _,
                    VolumeRequest.Disconnect _,
                    VolumeRequest.Hello _,
                    VolumeRequest.Release _,
                    InodeRequest _,
                    FileRequest.Size _,
                    FileRequest.Status _,
                    FileRequest.Read _,
                    FileRequest.Write _,
                    FileRequest.Flush _,
                    FileRequest.Allocate _,
                    FileRequest.Punch _,
                    FileRequest.Zero _,
                    FileRequest.Map _,
                    FileRequest.Truncate _,
                    FileRequest.Close _ -> List.of();
        };
    }

    private Answer onVolume(VolumeRequest request, ByteBuffer data) throws HoldfastException {
        return switch (request) {
            case VolumeRequest.Info() -> Answer.of(volume.info());
            case VolumeRequest.Storage() -> Answer.of(volume.storage().stream().toList());
            case VolumeRequest.Usage() -> Answer.of(volume.usage());
            case VolumeRequest.Host() -> Answer.of(volume.host().stream().toList());
            case VolumeRequest.Counters() -> Answer.of(volume.counters());
            case VolumeRequest.Readings() -> Answer.of(readings());
            case VolumeRequest.Recovery() -> Answer.of(volume.recovery());
            case VolumeRequest.Damage() ->
                Answer.of(volume.damage().stream()
                        .limit(CheckReport.MAX_PROBLEMS)
                        .map(RequestHandler::bounded)
                        .toList());
            case VolumeRequest.Failure() ->
                Answer.of(volume.failure().stream()
                        .map(f -> new VolumeRequest.LatchedFailure(f.code(), bounded(String.valueOf(f.getMessage()))))
                        .toList());
            case VolumeRequest.Open(var path) -> opened(own.open(path));
            case VolumeRequest.Create(var path, var options) -> opened(own.create(path, options));
            case VolumeRequest.CreateUnnamed(var options) -> opened(own.createUnnamed(options));
            case VolumeRequest.Mkdir(var path, var options) -> done(() -> volume.mkdir(path, options));
            case VolumeRequest.Symlink(var path, var target) -> done(() -> volume.symlink(path, target));
            case VolumeRequest.ReadLink(var path) -> Answer.of(volume.readLink(path));
            case VolumeRequest.Link(var existing, var added) -> done(() -> volume.link(existing, added));
            case VolumeRequest.Status(var path) -> Answer.of(volume.status(path));
            case VolumeRequest.SetAttributes r -> done(() -> volume.setAttributes(r.path(), change(r)));
            case VolumeRequest.List(var path, var after, var limit) ->
                Answer.of(volume.list(path, after, Math.min(limit, VolumeRequest.List.ENTRIES_MAX)));
            case VolumeRequest.Rename(var from, var to) -> done(() -> own.rename(from, to));
            case VolumeRequest.Remove(var path) -> done(() -> own.remove(path));
            case VolumeRequest.SetXattr(var path, var name) -> done(() -> volume.setXattr(path, name, array(data)));
            case VolumeRequest.GetXattr(var path, var name) ->
                Answer.bytes(ByteBuffer.wrap(volume.getXattr(path, name)));
            case VolumeRequest.ListXattrs(var path) -> Answer.of(volume.listXattrs(path));
            case VolumeRequest.RemoveXattr(var path, var name) -> done(() -> volume.removeXattr(path, name));
            case VolumeRequest.Sync() -> done(volume::sync);
            case VolumeRequest.Checkpoint() -> done(volume::checkpoint);
            case VolumeRequest.Trim() -> Answer.of(volume.trim(progress));
            case VolumeRequest.Grow(var bytes) -> Answer.of(volume.grow(bytes));
            case VolumeRequest.Resume() -> Answer.of(bounded(served.resume()));
            case VolumeRequest.AcceptLoss(var path) -> done(() -> volume.acceptLoss(path));
            case VolumeRequest.Server() -> Answer.of(served.server());
            case VolumeRequest.Clients(var after) ->
                Answer.of(served.clients().stream()
                        .filter(client -> client.id() > after)
                        .limit(VolumeRequest.Clients.CLIENTS_MAX)
                        .map(RequestHandler::bounded)
                        .toList());
            case VolumeRequest.Disconnect(var client) -> {
                Disconnected gone = served.disconnect(client);
                yield Answer.of(new Disconnected(bounded(gone.client()), gone.ended()));
            }
            case VolumeRequest.Hello(var pid) -> done(() -> user.hello(pid));
            case VolumeRequest.Claim(var paths, var inUse) -> claimed(own.claim(bounded(paths), inUse));
            case VolumeRequest.ClaimSize(var path, var inUse) -> claimed(own.claimSize(path, inUse));
            case VolumeRequest.Release(var claim) -> done(() -> claims.close(claim));
            case VolumeRequest.Check() -> Answer.of(bounded(served.check(CheckOptions.ALL, progress)));
            case VolumeRequest.CheckPart(var metadataOnly, var files, var rate) ->
                Answer.of(bounded(served.check(new CheckOptions(metadataOnly, files, rate), progress)));
            case VolumeRequest.CheckForRepair() -> checkForRepair();
            case VolumeRequest.PlanRepair(var repair) -> plan(repairs.get(repair));
            case VolumeRequest.ApplyRepair(var repair) ->
                Answer.of(bounded(served.repair(repairs.get(repair), repairProgress)));
            case VolumeRequest.EndRepair(var repair) -> done(() -> repairs.close(repair));
            case VolumeRequest.LastCheck() ->
                Answer.of(volume.lastCheck().stream().toList());
            case VolumeRequest.Jobs() ->
                Answer.of(volume.jobs().list().stream()
                        .map(RequestHandler::bounded)
                        .toList());
            case VolumeRequest.PauseJob(var job) -> done(() -> volume.jobs().pause(job));
            case VolumeRequest.ResumeJob(var job) -> done(() -> volume.jobs().resume(job));
            case VolumeRequest.CancelJob(var job) -> done(() -> volume.jobs().cancel(job));
            case VolumeRequest.LimitJob(var job, var rate) ->
                done(() -> volume.jobs().limit(job, rate));
        };
    }

    private ServerReadings readings() throws HoldfastException {
        return served.readings()
                .orElseThrow(
                        () -> new HoldfastException(ErrorCode.UNSUPPORTED, "this server does not count what it does"))
                .withoutExports();
    }

    private Answer onFile(FileRequest request, StoredFile file, ByteBuffer data) throws HoldfastException {
        return switch (request) {
            case FileRequest.Size _ -> Answer.of(file.size());
            case FileRequest.Status _ -> Answer.of(file.status());
            case FileRequest.Read r -> read(file, r);
            case FileRequest.Write r -> done(() -> file.write(r.offset(), MemorySegment.ofBuffer(data), r.flags()));
            case FileRequest.Flush _ -> done(file::flush);
            case FileRequest.Allocate r -> done(() -> file.allocate(r.offset(), r.length()));
            case FileRequest.Punch r -> done(() -> file.punch(r.offset(), r.length()));
            case FileRequest.Zero r -> done(() -> file.zero(r.offset(), r.length()));
            case FileRequest.Map r ->
                Answer.of(file.map(r.offset(), r.length(), Math.min(r.maxExtents(), FileRequest.Map.EXTENTS_MAX)));
            case FileRequest.Truncate r -> done(() -> file.truncate(r.size()));
            case FileRequest.Name r -> done(() -> own.link(file, r.path(), r.replace()));
            case FileRequest.Close r -> done(() -> files.close(r.handle()));
        };
    }

    private static Answer read(StoredFile file, FileRequest.Read request) throws HoldfastException {
        if (request.length() < 0 || request.length() > Frame.DATA_BYTES_MAX) {
            throw new HoldfastException(
                    ErrorCode.INVALID,
                    "a read takes at most " + Frame.DATA_BYTES_MAX + " bytes over the control socket");
        }
        ByteBuffer target = ByteBuffer.allocate(request.length());
        long read = file.read(request.offset(), MemorySegment.ofBuffer(target), request.flags());
        return Answer.bytes(target.limit((int) read));
    }

    private Answer opened(StoredFile file) throws HoldfastException {
        return Answer.of(new OpenedFile(files.add(file), file.inode(), file.checksummed()));
    }

    private Answer checkForRepair() throws HoldfastException {
        LiveRepair repair = volume.beginRepair();
        boolean done = false;
        try {
            CheckReport report = served.check(repair, progress);
            done = true;
            return Answer.of(new VolumeRequest.RepairFound(repairs.add(repair), bounded(report)));
        } finally {
            if (!done) {
                repair.close();
            }
        }
    }

    private static Answer plan(LiveRepair repair) throws HoldfastException {
        return Answer.of(new VolumeRequest.RepairPlanned(bounded(repair.plan()), repair.waitNanos()));
    }

    /** Shortens a plan, so that it fits into one frame. */
    private static RepairPlan bounded(RepairPlan plan) {
        return new RepairPlan(
                plan.repairs().stream()
                        .limit(PLANNED_MAX)
                        .map(r -> new RepairPlan.Repair(
                                r.structure(), r.block(), r.inode(), bounded(r.what()), bounded(r.loss())))
                        .toList(),
                plan.repairCount(),
                plan.lossCount(),
                plan.left().stream()
                        .limit(PLANNED_MAX)
                        .map(left -> new RepairPlan.Left(bounded(left.problem()), bounded(left.advice())))
                        .toList(),
                plan.findings(),
                plan.mended(),
                bounded(plan.refusal()));
    }

    private static CheckReport.Problem bounded(CheckReport.Problem problem) {
        return new CheckReport.Problem(
                problem.structure(), problem.block(), problem.inode(), bounded(problem.message()));
    }

    private Answer claimed(FileClaim claim) throws HoldfastException {
        List<FileClaim.CutOff> cutOff = claim.cutOff().stream()
                .map(user -> new FileClaim.CutOff(bounded(user.user()), bounded(user.path())))
                .toList();
        return Answer.of(new VolumeRequest.ClaimedFrom(claims.add(claim), cutOff));
    }

    private static List<String> bounded(List<String> paths) throws HoldfastException {
        if (paths.size() > VolumeRequest.Claim.PATHS_MAX) {
            throw new HoldfastException(
                    ErrorCode.INVALID, "a claim has at most " + VolumeRequest.Claim.PATHS_MAX + " paths");
        }
        return paths;
    }

    private static Answer done(Action action) throws HoldfastException {
        action.run();
        return Answer.done();
    }

    private static AttributeChange change(VolumeRequest.SetAttributes r) {
        return new AttributeChange(
                r.mode().orElse(null),
                r.uid().orElse(null),
                r.gid().orElse(null),
                r.accessTime().orElse(null),
                r.modifyTime().orElse(null));
    }

    static byte[] array(ByteBuffer data) {
        byte[] bytes = new byte[data.remaining()];
        data.get(bytes);
        return bytes;
    }

    /** Shortens what a job is about: a path may be long. */
    private static JobStatus bounded(JobStatus job) {
        return new JobStatus(
                job.id(),
                job.kind(),
                bounded(job.subject()),
                job.state(),
                job.doneBytes(),
                job.totalBytes(),
                job.movedBytes(),
                job.rate(),
                job.limit(),
                job.nanos());
    }

    /** Shortens what a client is called by: names may be long. */
    private static NbdClientStatus bounded(NbdClientStatus client) {
        return new NbdClientStatus(
                client.id(),
                bounded(client.export()),
                bounded(client.path()),
                client.readOnly(),
                client.hasWritten(),
                bounded(client.at()),
                bounded(client.from()),
                client.process(),
                bounded(client.certificate()),
                client.openNanos(),
                client.requests(),
                client.bytesRead(),
                client.bytesWritten());
    }

    /** Shortens the answer to a resume, so that it fits into one frame. */
    private static Served.Resumed bounded(Served.Resumed resumed) {
        RecoveryReport r = resumed.recovery();
        return new Served.Resumed(
                new RecoveryReport(
                        r.clean(),
                        r.records(),
                        r.blocks(),
                        r.durableThrough(),
                        r.droppedTail(),
                        r.checkpoints(),
                        r.nanos(),
                        r.problems().stream()
                                .limit(LISTED_MAX)
                                .map(RequestHandler::bounded)
                                .toList()),
                resumed.lost().stream()
                        .limit(LISTED_MAX)
                        .map(RequestHandler::bounded)
                        .toList());
    }

    /** Shortens a report, so that a thousand problems fit into one frame. */
    private static CheckReport bounded(CheckReport report) {
        List<CheckReport.Problem> problems = report.problems().stream()
                .limit(CheckReport.MAX_PROBLEMS)
                .map(RequestHandler::bounded)
                .toList();
        return new CheckReport(
                problems,
                report.problemCount(),
                report.files(),
                report.directories(),
                report.blocksVerified(),
                report.blocksUnverified(),
                report.metadataBlocks(),
                report.unproven());
    }

    static String bounded(String message) {
        if (message.length() <= MESSAGE_CHARS_MAX) {
            return message;
        }
        // Do not cut a surrogate pair: half of one cannot be sent.
        int end = MESSAGE_CHARS_MAX - (Character.isHighSurrogate(message.charAt(MESSAGE_CHARS_MAX - 1)) ? 1 : 0);
        return message.substring(0, end) + "…";
    }

    @Override
    public void close() {
        files.close();
        claims.close();
        repairs.close();
    }
}
