package io.holdfast.cli.control;

import io.holdfast.cli.control.VolumeRequest.OpenedFile;
import io.holdfast.cli.metrics.ServerReadings;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.NbdClientStatus;
import io.holdfast.nbd.NbdSessions.Disconnected;
import io.holdfast.volume.AttributeChange;
import io.holdfast.volume.CheckOptions;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.FileClaim;
import io.holdfast.volume.FileStatus;
import io.holdfast.volume.FileUser;
import io.holdfast.volume.FinishedCheck;
import io.holdfast.volume.HostSpace;
import io.holdfast.volume.InUse;
import io.holdfast.volume.Inodes;
import io.holdfast.volume.JobStatus;
import io.holdfast.volume.Jobs;
import io.holdfast.volume.Progress;
import io.holdfast.volume.RecoveryReport;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeCounters;
import io.holdfast.volume.VolumeFiles;
import io.holdfast.volume.VolumeGrowth;
import io.holdfast.volume.VolumeInfo;
import io.holdfast.volume.VolumeRepair;
import io.holdfast.volume.VolumeUsage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.LongNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A volume that another process has open, used through its control socket. Closing it closes the connection; the volume
 * stays open in the other process. A lost connection is a {@link ServerLostException}; methods that declare no
 * exception wrap it in an {@link UncheckedIOException}.
 */
public final class RemoteVolume implements Volume {
    static final String NO_DISKS = "a disk cannot be opened through the control socket";

    private final ControlClient client;
    private final Inodes inodes;

    private RemoteVolume(ControlClient client) {
        this.client = client;
        this.inodes = new RemoteInodes(client);
    }

    /** Connects to the server of a volume; empty if none answers. */
    public static Optional<RemoteVolume> connect(ControlPath path) throws IOException {
        for (Path candidate : path.candidates()) {
            if (!path.isTrusted(candidate)) {
                continue;
            }
            try {
                return Optional.of(new RemoteVolume(ControlClient.connect(candidate)));
            } catch (IOException noServer) {
                System.getLogger(RemoteVolume.class.getName())
                        .log(System.Logger.Level.DEBUG, "nobody listens at " + candidate, noServer);
            }
        }
        return Optional.empty();
    }

    @Override
    public VolumeInfo info() {
        return unchecked(new VolumeRequest.Info(), VolumeInfo.class);
    }

    /** Returns empty also if the server is of an older version. */
    @Override
    public Optional<String> storage() {
        try {
            return client.callForList(new VolumeRequest.Storage(), String.class).stream()
                    .findFirst();
        } catch (HoldfastException e) {
            if (e.code() == ErrorCode.UNSUPPORTED) {
                return Optional.empty();
            }
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public VolumeUsage usage() {
        return unchecked(new VolumeRequest.Usage(), VolumeUsage.class);
    }

    @Override
    public Optional<HostSpace> host() throws HoldfastException {
        return optional(new VolumeRequest.Host(), HostSpace.class);
    }

    /** Returns what a list of at most one has; empty also if the server is of an older version. */
    private <T> Optional<T> optional(VolumeRequest request, Class<T> type) throws HoldfastException {
        try {
            return client.callForList(request, type).stream().findFirst();
        } catch (HoldfastException e) {
            if (e.code() == ErrorCode.UNSUPPORTED) {
                return Optional.empty();
            }
            throw e;
        }
    }

    @Override
    public VolumeCounters counters() {
        return unchecked(new VolumeRequest.Counters(), VolumeCounters.class);
    }

    /**
     * Returns what the server has counted.
     *
     * @throws HoldfastException {@code UNSUPPORTED} if it does not count
     */
    public ServerReadings readings() throws HoldfastException {
        return client.call(new VolumeRequest.Readings(), ServerReadings.class);
    }

    @Override
    public RecoveryReport recovery() {
        return unchecked(new VolumeRequest.Recovery(), RecoveryReport.class);
    }

    /** Returns what opening found if the server is of an older version. */
    @Override
    public List<String> damage() throws HoldfastException {
        try {
            return client.callForList(new VolumeRequest.Damage(), String.class);
        } catch (HoldfastException e) {
            if (e.code() == ErrorCode.UNSUPPORTED) {
                return recovery().problems();
            }
            throw e;
        }
    }

    @Override
    public Optional<HoldfastException> failure() {
        try {
            return client.callForList(new VolumeRequest.Failure(), VolumeRequest.LatchedFailure.class).stream()
                    .map(f -> new HoldfastException(f.code(), f.message()))
                    .findFirst();
        } catch (HoldfastException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public Inodes inodes() {
        return inodes;
    }

    private <T> T unchecked(VolumeRequest request, Class<T> type) {
        try {
            return client.call(request, type);
        } catch (HoldfastException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns this: the server already does everything in the name of the control connection. */
    @Override
    public VolumeFiles as(FileUser user) {
        return this;
    }

    @Override
    public FileClaim claim(List<String> paths, InUse inUse) throws HoldfastException {
        client.introduce();
        return claim(new VolumeRequest.Claim(paths, inUse));
    }

    @Override
    public FileClaim claimSize(String path, InUse inUse) throws HoldfastException {
        client.introduce();
        return claim(new VolumeRequest.ClaimSize(path, inUse));
    }

    private FileClaim claim(VolumeRequest request) throws HoldfastException {
        ControlClient.Result answer = client.call(request);
        long claim = client.decode(answer, VolumeRequest.Claimed.class).claim();
        JsonNode users = answer.value().path(VolumeRequest.ClaimedFrom.CUT_OFF);
        return new RemoteClaim(
                claim, users.isMissingNode() ? List.of() : client.decodeList(users, FileClaim.CutOff.class));
    }

    private final class RemoteClaim implements FileClaim {
        private final long claim;
        private final List<CutOff> cutOff;
        private final AtomicBoolean closed = new AtomicBoolean();

        RemoteClaim(long claim, List<CutOff> cutOff) {
            this.claim = claim;
            this.cutOff = cutOff;
        }

        @Override
        public List<CutOff> cutOff() {
            return cutOff;
        }

        @Override
        public void close() {
            if (closed.compareAndSet(false, true)) {
                try {
                    client.call(new VolumeRequest.Release(claim));
                } catch (HoldfastException e) {
                    System.getLogger(RemoteVolume.class.getName())
                            .log(System.Logger.Level.DEBUG, "the server releases claims with the connection", e);
                }
            }
        }
    }

    @Override
    public StoredFile open(String path) throws HoldfastException {
        client.introduce();
        return new RemoteFile(client, client.call(new VolumeRequest.Open(path), OpenedFile.class));
    }

    /** Always fails: only doors in the process that has the volume open disks, so there is no request for it. */
    @Override
    public StoredFile openDisk(String path) throws HoldfastException {
        throw new HoldfastException(ErrorCode.UNSUPPORTED, NO_DISKS);
    }

    @Override
    public StoredFile create(String path, CreateOptions options) throws HoldfastException {
        client.introduce();
        return new RemoteFile(client, client.call(new VolumeRequest.Create(path, options), OpenedFile.class));
    }

    @Override
    public StoredFile createUnnamed(CreateOptions options) throws HoldfastException {
        return new RemoteFile(client, client.call(new VolumeRequest.CreateUnnamed(options), OpenedFile.class));
    }

    @Override
    public void link(StoredFile file, String path, boolean replace) throws HoldfastException {
        if (!(file instanceof RemoteFile remote)) {
            throw new HoldfastException(
                    ErrorCode.CLOSED, path + ": the file that is to get this name is not open here");
        }
        remote.name(path, replace);
    }

    @Override
    public void mkdir(String path, CreateOptions options) throws HoldfastException {
        client.call(new VolumeRequest.Mkdir(path, options));
    }

    @Override
    public void symlink(String path, String target) throws HoldfastException {
        client.call(new VolumeRequest.Symlink(path, target));
    }

    @Override
    public String readLink(String path) throws HoldfastException {
        return client.call(new VolumeRequest.ReadLink(path), String.class);
    }

    @Override
    public void link(String existing, String added) throws HoldfastException {
        client.call(new VolumeRequest.Link(existing, added));
    }

    @Override
    public FileStatus status(String path) throws HoldfastException {
        return client.call(new VolumeRequest.Status(path), FileStatus.class);
    }

    @Override
    public void setAttributes(String path, AttributeChange change) throws HoldfastException {
        client.call(new VolumeRequest.SetAttributes(
                path,
                Optional.ofNullable(change.mode()),
                Optional.ofNullable(change.uid()),
                Optional.ofNullable(change.gid()),
                Optional.ofNullable(change.accessTime()),
                Optional.ofNullable(change.modifyTime())));
    }

    @Override
    public List<DirectoryEntry> list(String path, String after, int limit) throws HoldfastException {
        return client.callForList(new VolumeRequest.List(path, after, limit), DirectoryEntry.class);
    }

    @Override
    public void rename(String from, String to) throws HoldfastException {
        client.call(new VolumeRequest.Rename(from, to));
    }

    @Override
    public void remove(String path) throws HoldfastException {
        client.call(new VolumeRequest.Remove(path));
    }

    @Override
    public void setXattr(String path, String name, byte[] value) throws HoldfastException {
        client.call(new VolumeRequest.SetXattr(path, name), ByteBuffer.wrap(value), Progress.NONE);
    }

    @Override
    public byte[] getXattr(String path, String name) throws HoldfastException {
        return client.callForBytes(new VolumeRequest.GetXattr(path, name));
    }

    @Override
    public List<String> listXattrs(String path) throws HoldfastException {
        return client.callForList(new VolumeRequest.ListXattrs(path), String.class);
    }

    @Override
    public void removeXattr(String path, String name) throws HoldfastException {
        client.call(new VolumeRequest.RemoveXattr(path, name));
    }

    @Override
    public void sync() throws HoldfastException {
        client.call(new VolumeRequest.Sync());
    }

    @Override
    public void checkpoint() throws HoldfastException {
        client.call(new VolumeRequest.Checkpoint());
    }

    @Override
    public VolumeGrowth grow(long bytes) throws HoldfastException {
        return client.call(new VolumeRequest.Grow(bytes), VolumeGrowth.class);
    }

    /** Has the server open its volume again. This connection is of no use after that. */
    public Served.Resumed resume() throws HoldfastException {
        return client.call(new VolumeRequest.Resume(), Served.Resumed.class);
    }

    /** Returns what the server is; empty if it is of an older version. */
    public Optional<ServerStatus> server() throws HoldfastException {
        try {
            return Optional.of(client.call(new VolumeRequest.Server(), ServerStatus.class));
        } catch (HoldfastException e) {
            if (e.code() == ErrorCode.UNSUPPORTED) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** Returns the NBD clients of the server, by their numbers. */
    public List<NbdClientStatus> clients() throws HoldfastException {
        List<NbdClientStatus> all = new ArrayList<>();
        int more;
        do {
            long after = all.isEmpty() ? 0 : all.getLast().id();
            List<NbdClientStatus> page = client.callForList(new VolumeRequest.Clients(after), NbdClientStatus.class);
            all.addAll(page);
            more = page.size();
        } while (more == VolumeRequest.Clients.CLIENTS_MAX);
        return all;
    }

    /**
     * Has the server end an NBD client.
     *
     * @throws HoldfastException if there is no such client
     */
    public Disconnected disconnect(long id) throws HoldfastException {
        return client.call(new VolumeRequest.Disconnect(id), Disconnected.class);
    }

    @Override
    public void acceptLoss(String path) throws HoldfastException {
        client.call(new VolumeRequest.AcceptLoss(path));
    }

    @Override
    public long trim(Progress progress) throws HoldfastException {
        return client.decode(client.call(new VolumeRequest.Trim(), Frame.NO_DATA, progress), Long.class);
    }

    @Override
    public CheckReport check(CheckOptions options, Progress progress) throws HoldfastException {
        VolumeRequest request = options.equals(CheckOptions.ALL)
                ? new VolumeRequest.Check()
                : new VolumeRequest.CheckPart(options.metadataOnly(), options.files(), options.rate());
        ControlClient.Result result = client.call(request, Frame.NO_DATA, progress);
        // An older server does not say which file a problem is about.
        for (JsonNode problem : result.value().path("problems")) {
            if (problem instanceof ObjectNode object) {
                object.putIfAbsent("inode", LongNode.valueOf(-1));
            }
        }
        return client.decode(result, CheckReport.class);
    }

    /** Returns a repair by the server; closing it closes this connection. */
    public VolumeRepair repair() {
        return new RemoteRepair(this, client);
    }

    @Override
    public Optional<FinishedCheck> lastCheck() throws HoldfastException {
        return optional(new VolumeRequest.LastCheck(), FinishedCheck.class);
    }

    @Override
    public Jobs jobs() {
        return new Jobs() {
            @Override
            public List<JobStatus> list() throws HoldfastException {
                return client.callForList(new VolumeRequest.Jobs(), JobStatus.class);
            }

            @Override
            public void pause(long id) throws HoldfastException {
                client.call(new VolumeRequest.PauseJob(id));
            }

            @Override
            public void resume(long id) throws HoldfastException {
                client.call(new VolumeRequest.ResumeJob(id));
            }

            @Override
            public void cancel(long id) throws HoldfastException {
                client.call(new VolumeRequest.CancelJob(id));
            }

            @Override
            public void limit(long id, long bytesPerSecond) throws HoldfastException {
                client.call(new VolumeRequest.LimitJob(id, bytesPerSecond));
            }
        };
    }

    @Override
    public void close() {
        client.close();
    }
}
