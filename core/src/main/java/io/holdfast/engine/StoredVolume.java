package io.holdfast.engine;

import io.holdfast.background.Background;
import io.holdfast.background.Job;
import io.holdfast.check.CheckedVolume;
import io.holdfast.check.VolumeCheck;
import io.holdfast.checkpoint.FileNames;
import io.holdfast.checkpoint.LostNodes;
import io.holdfast.checkpoint.LostRanges;
import io.holdfast.checkpoint.VolumeState;
import io.holdfast.device.MeteredDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.file.FileLayer;
import io.holdfast.file.IoCounters;
import io.holdfast.format.Block;
import io.holdfast.format.MapEntry;
import io.holdfast.format.Superblock;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.memory.MemoryPlan;
import io.holdfast.namespace.InodeRecord;
import io.holdfast.namespace.Namespace;
import io.holdfast.namespace.NamespaceKeys;
import io.holdfast.repair.Repair;
import io.holdfast.repair.RepairSource;
import io.holdfast.space.Reclaimer;
import io.holdfast.space.SpaceCounts;
import io.holdfast.volume.AttributeChange;
import io.holdfast.volume.CheckOptions;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.Discard;
import io.holdfast.volume.FileClaim;
import io.holdfast.volume.FileStatus;
import io.holdfast.volume.FileUser;
import io.holdfast.volume.FinishedCheck;
import io.holdfast.volume.HostSpace;
import io.holdfast.volume.InUse;
import io.holdfast.volume.Inodes;
import io.holdfast.volume.Jobs;
import io.holdfast.volume.LiveRepair;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.RecoveryReport;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeCounters;
import io.holdfast.volume.VolumeFiles;
import io.holdfast.volume.VolumeGrowth;
import io.holdfast.volume.VolumeInfo;
import io.holdfast.volume.VolumeMetrics;
import io.holdfast.volume.VolumeUsage;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** An open volume: puts its layers together. {@link VolumeLife} runs the calls. */
final class StoredVolume implements Volume {
    /** Entries of directories that a search for the name of a damaged file reads: some hundred blocks. */
    private static final int NAMES_SEARCHED_MAX = 20_000;

    private final MeteredDevice device;
    private final DeviceGuard guard;
    private final OpenOptions options;
    private final VolumeOnDevice.Environment environment;
    private final VolumeState state;
    private final FileLayer files;
    private final Namespace namespace;
    private final FileLayer.@Nullable Writable writable;
    private final Superblock opened;
    private final RecoveryReport recovery;
    /** What opening found damaged, without what maps have lost: that may change. */
    private final List<String> foundOpening;

    private final SkippedDamage skipped;

    private final Background background;
    private final VolumeLife life;
    private final FileStatuses statuses;
    private final MemoryPlan memory;
    private final @Nullable KeptJobs kept;
    private final Growing growing;
    private final Discarding discarding;
    private final Layers layers;
    private final Closing closing;
    /** Whether a repair beside others has begun. */
    private final AtomicBoolean repairing = new AtomicBoolean();

    private final Reopening reopening;
    private final VolumeFiles nobodys;
    private final FileNames names;

    StoredVolume(
            OpenedVolume opened,
            DeviceGuard guard,
            OpenOptions options,
            VolumeOnDevice.Environment environment,
            FileLayer files,
            Namespace namespace,
            Background background) {
        this.background = background;
        this.environment = environment;
        this.device = opened.device();
        this.guard = guard;
        this.options = options;
        this.state = opened.state();
        this.files = files;
        this.namespace = namespace;
        this.writable = opened.writable();
        this.opened = opened.superblock();
        this.names = inodes -> namespace.findPaths(inodes, NAMES_SEARCHED_MAX)::label;
        this.skipped = opened.skipped();
        this.foundOpening = opened.recovery().problems();
        this.recovery = withLost(opened.recovery());
        this.life = new VolumeLife(
                device.name(), state.latch(), writable, options.errors(), background.clients(), environment.timing());
        this.statuses = new FileStatuses(state, files);
        this.memory = opened.memory();
        this.growing = new Growing(device, memory);
        FileLayer.Writable to = writable;
        this.discarding = new Discarding(state, background, environment, () -> {
            if (to != null) {
                to.checkpointer().requestCheckpoint();
            }
        });
        this.layers =
                new Layers(device, guard, options, environment, state, files, writable, background, discarding, life);
        this.closing = new Closing(layers);
        this.reopening = new Reopening(layers, closing);
        this.kept = writable == null ? null : new KeptJobs(state, writable, life);
        if (kept != null) {
            background.keepSettings(kept);
        }
        this.nobodys = files(null);
    }

    /** Returns how many blocks the size of an inode spans; the greatest number if nobody knows. */
    private long blocksOf(long inode) {
        try {
            byte[] record = state.items().get(NamespaceKeys.inode(inode));
            return record == null
                    ? Long.MAX_VALUE
                    : InodeRecord.decode(inode, record).blocks();
        } catch (HoldfastException e) {
            return Long.MAX_VALUE;
        }
    }

    /** Returns a report on opening that names what is lost, too. */
    private RecoveryReport withLost(RecoveryReport report) {
        List<String> lost = new ArrayList<>(LostRanges.some(state.nodes(), opened));
        lost.addAll(LostNodes.named(LostNodes.some(state.nodes(), opened, this::blocksOf), names));
        if (lost.isEmpty()) {
            return report;
        }
        return new RecoveryReport(
                report.clean(),
                report.records(),
                report.blocks(),
                report.durableThrough(),
                report.droppedTail(),
                report.checkpoints(),
                report.nanos(),
                Stream.concat(lost.stream(), report.problems().stream()).toList());
    }

    /** Starts the background threads, and frees what a crash has left behind. */
    void start() throws HoldfastException {
        FileLayer.Writable to = writable;
        if (to == null) {
            return;
        }
        to.checkpointer().checkpoints().setNames(names);
        Reclaimer checkpoints = () -> {
            if (to.checkpointer().checkpoints().revokePins()) {
                return true;
            }
            // Also if somebody has paused that: whoever needs the space comes first.
            if (files.mayReap() || !Inject.off(Guard.PAUSED_JOB_HURRIES)) {
                files.awaitReaped();
                to.checkpointer().checkpoints().allowReaping();
            }
            to.checkpointer().checkpoint();
            return to.checkpointer().moreToReap() || state.space().pending() > 0;
        };
        to.reserver()
                .setReclaimers(
                        () -> {
                            files.writeAll();
                            return checkpoints.reclaim();
                        },
                        checkpoints,
                        () -> files.isReaping()
                                || to.checkpointer().checkpoints().hasDeadTrees());
        to.checkpointer().start();
        boolean done = false;
        try {
            namespace.recover();
            keptLosses(to)
                    .load(
                            this::isGone,
                            lost -> namespace
                                    .findPaths(lost, NAMES_SEARCHED_MAX)
                                    .paths());
            files.start();
            state.room().start();
            if (discards()) {
                discarding.start();
            }
            done = true;
        } finally {
            if (!done) {
                files.stop();
            }
        }
    }

    /** Returns whether free space is given back in the background. */
    private boolean discards() throws HoldfastException {
        boolean keepsItsRoom = superblock().features().arePreallocated();
        if (keepsItsRoom && options.discard() == Discard.ASYNC) {
            throw new HoldfastException(
                    ErrorCode.INVALID,
                    device.name()
                            + ": it was formatted with --preallocate, to keep its room; leave out --discard=async");
        }
        return options.discard() != Discard.OFF && !keepsItsRoom;
    }

    // ---- what the volume is ----

    @Override
    public List<String> damage() throws HoldfastException {
        return life.call(() -> {
            LostNodes.Found lost;
            List<String> damage;
            int ticket = state.readers().enter();
            try {
                damage = LostRanges.some(state.nodes(), superblock());
                lost = LostNodes.some(state.nodes(), superblock(), this::blocksOf);
            } finally {
                state.readers().leave(ticket);
            }
            damage.addAll(LostNodes.named(lost, names));
            damage.addAll(foundOpening);
            damage.addAll(skipped.lines());
            return damage;
        });
    }

    @Override
    public VolumeInfo info() {
        Superblock superblock = superblock();
        return new VolumeInfo(
                superblock.uuid(),
                superblock.label(),
                superblock.checksumId() == ChecksumAlgorithm.CRC32C.id()
                        ? ChecksumAlgorithm.CRC32C
                        : ChecksumAlgorithm.XXH3_64,
                Block.SIZE,
                superblock.blocks() * Block.SIZE,
                Superblock.VERSION,
                superblock.generation(),
                options.readOnly(),
                device.directIo());
    }

    private Superblock superblock() {
        return writable == null ? opened : writable.checkpointer().checkpoints().superblock();
    }

    @Override
    public Optional<String> storage() {
        return guard.storage();
    }

    @Override
    public VolumeUsage usage() {
        SpaceCounts counts = state.space().counts();
        long total = counts.total();
        long free = writable(Math.min(counts.available(), counts.free()));
        long reserved = counts.free() + counts.leased() - free;
        long used = total - counts.free() - counts.leased() - counts.pending();
        return new VolumeUsage(
                total * Block.SIZE,
                used * Block.SIZE,
                counts.pending() * Block.SIZE,
                reserved * Block.SIZE,
                free * Block.SIZE,
                files.dirtyPages() * Block.SIZE);
    }

    /** Runs without {@link VolumeLife}, as {@link #usage} does: the device says itself whether it is closed. */
    @Override
    public Optional<HostSpace> host() throws HoldfastException {
        return device.host(superblock().blocks())
                .map(host -> new HostSpace(
                        host.total(),
                        host.used(),
                        host.free(),
                        host.missing(),
                        superblock().features().arePreallocated()));
    }

    /**
     * Returns how many blocks of data fit into free blocks: one more may need a new node on each level of its map, and 256
     * in a row need a leaf.
     */
    private static long writable(long free) {
        long data = Math.max(0, free - MapEntry.LEVELS_MAX);
        return data - Math.ceilDiv(data, MapEntry.FANOUT);
    }

    @Override
    public VolumeCounters counters() {
        IoCounters io = files.counters();
        FileLayer.Writable to = writable;
        return new VolumeCounters(
                device.flushes(),
                device.writes(),
                device.bytesWritten(),
                device.bytesRead(),
                to == null ? 0 : to.log().records(),
                to == null ? 0 : to.checkpointer().checkpoints().written(),
                io.stableCopies.sum(),
                io.zeroCopyBlocks.sum(),
                io.cacheHits.sum(),
                io.cacheMisses.sum(),
                io.checksumErrors.sum());
    }

    @Override
    public Optional<VolumeMetrics> metrics() {
        return Optional.of(VolumeMetering.of(device, state, files, writable, memory));
    }

    /** Returns how many blocks are promised to accepted writes; 0 when nothing is dirty and no call runs. */
    long reservedBlocks() {
        return state.space().counts().reserved();
    }

    /** Returns why nothing is written to some group. */
    Optional<HoldfastException> closedBecause() {
        return state.space().closedBecause();
    }

    /** Waits until what was removed is cut off from its files, for the next checkpoints to free. */
    void awaitReaped() {
        files.awaitReaped();
    }

    /** Returns how much of the heap changed items take now. */
    long itemBytes() {
        return state.items().bytes();
    }

    /** Returns the most memory that changes of maps took so far. */
    long changeBytesPeak() {
        return state.maps().memory().held();
    }

    /** Returns the bytes that changes of maps never exceed; 0 if nothing is written. */
    long changeBytesLimit() {
        FileLayer.Writable to = writable;
        return to == null ? 0 : to.checkpointer().budget().limit();
    }

    /** Returns how many I/O buffers are in use; 0 when no call runs. */
    int buffersInUse() {
        FileLayer.Writable to = writable;
        return files.buffersInUse()
                + state.nodeBuffers().inUse()
                + (to == null ? 0 : to.log().buffersInUse());
    }

    @Override
    public RecoveryReport recovery() {
        return recovery;
    }

    @Override
    public Optional<HoldfastException> failure() {
        return Optional.ofNullable(state.latch().failure());
    }

    // ---- names ----

    @Override
    public VolumeFiles as(FileUser user) {
        return files(user);
    }

    private VolumeFiles files(@Nullable FileUser user) {
        return new UserFiles(
                life,
                files,
                namespace,
                new UserInodes(life, files, namespace.inodes(), statuses, this::usage, user),
                user);
    }

    @Override
    public Inodes inodes() {
        return nobodys.inodes();
    }

    @Override
    public StoredFile open(String path) throws HoldfastException {
        return nobodys.open(path);
    }

    @Override
    public StoredFile openDisk(String path) throws HoldfastException {
        return nobodys.openDisk(path);
    }

    @Override
    public StoredFile create(String path, CreateOptions options) throws HoldfastException {
        return nobodys.create(path, options);
    }

    @Override
    public FileClaim claim(List<String> paths, InUse inUse) throws HoldfastException {
        return nobodys.claim(paths, inUse);
    }

    @Override
    public FileClaim claimSize(String path, InUse inUse) throws HoldfastException {
        return nobodys.claimSize(path, inUse);
    }

    @Override
    public StoredFile createUnnamed(CreateOptions options) throws HoldfastException {
        return nobodys.createUnnamed(options);
    }

    @Override
    public void link(StoredFile file, String path, boolean replace) throws HoldfastException {
        nobodys.link(file, path, replace);
    }

    @Override
    public void mkdir(String path, CreateOptions options) throws HoldfastException {
        life.change(() -> namespace.mkdir(path, options));
    }

    @Override
    public void symlink(String path, String target) throws HoldfastException {
        life.change(() -> namespace.symlink(path, target));
    }

    @Override
    public String readLink(String path) throws HoldfastException {
        return life.call(() -> namespace.readLink(path));
    }

    @Override
    public void link(String existing, String added) throws HoldfastException {
        life.change(() -> namespace.link(existing, added));
    }

    @Override
    public FileStatus status(String path) throws HoldfastException {
        return life.call(() -> statuses.of(namespace.status(path)));
    }

    @Override
    public void setAttributes(String path, AttributeChange attributes) throws HoldfastException {
        life.change(() -> namespace.setAttributes(path, attributes));
    }

    @Override
    public List<DirectoryEntry> list(String path, String after, int limit) throws HoldfastException {
        return life.call(() -> namespace.list(path, after, limit));
    }

    @Override
    public void rename(String from, String to) throws HoldfastException {
        nobodys.rename(from, to);
    }

    @Override
    public void remove(String path) throws HoldfastException {
        nobodys.remove(path);
    }

    @Override
    public void setXattr(String path, String name, byte[] value) throws HoldfastException {
        life.change(() -> namespace.setXattr(path, name, value));
    }

    @Override
    public byte[] getXattr(String path, String name) throws HoldfastException {
        return life.call(() -> namespace.getXattr(path, name));
    }

    @Override
    public List<String> listXattrs(String path) throws HoldfastException {
        return life.call(() -> namespace.listXattrs(path));
    }

    @Override
    public void removeXattr(String path, String name) throws HoldfastException {
        life.change(() -> namespace.removeXattr(path, name));
    }

    // ---- durability ----

    @Override
    public void sync() throws HoldfastException {
        life.change(() -> {
            AcknowledgedChanges.Marks marks = life.changes().marks();
            files.sync();
            life.changes().flushed(marks);
        });
    }

    @Override
    public void checkpoint() throws HoldfastException {
        life.call(() -> {
            FileLayer.Writable to = life.requireWritable();
            files.logAll();
            if (files.mayReap()) {
                to.checkpointer().checkpoints().allowReaping();
            }
            to.checkpointer().checkpoint();
            return this;
        });
    }

    @Override
    public long trim(Progress progress) throws HoldfastException {
        if (superblock().features().arePreallocated()) {
            throw new HoldfastException(
                    ErrorCode.INVALID,
                    device.name() + ": it was formatted with --preallocate, to keep its room; nothing is given back");
        }
        return life.call(() -> {
            FileLayer.Writable to = life.requireWritable();
            return discarding.trim(job -> freeWhatWasRemoved(to, job), progress);
        });
    }

    /** Frees what was removed before, unless somebody has paused that. */
    private void freeWhatWasRemoved(FileLayer.Writable to, Job job) throws HoldfastException {
        files.logAll();
        boolean more = files.mayReap();
        if (more) {
            files.awaitReaped();
        }
        do {
            job.awaitTurn();
            if (more) {
                to.checkpointer().checkpoints().allowReaping();
            }
            to.checkpointer().checkpoint();
        } while (more && to.checkpointer().moreToReap());
    }

    @Override
    public Volume reopen(Runnable opened) throws HoldfastException {
        return reopening.afterFailure(opened);
    }

    /** Refuses flushes of these files from now on, also when the volume is opened another time. */
    void lose(Map<Long, String> lost, boolean others) throws HoldfastException {
        life.act(() -> keptLosses(life.requireWritable()).lose(lost, others));
    }

    private KeptLosses keptLosses(FileLayer.Writable to) {
        return new KeptLosses(device.name(), state.items(), to.log()::flush, life.changes());
    }

    /** Closes a volume that has taken no other's place, and leaves the right to use the device to that other one. */
    void discard() throws HoldfastException {
        closing.discard();
    }

    /** Returns whether there is no such inode. One that cannot be read counts as there. */
    boolean isGone(long inode) {
        try {
            nobodys.inodes().status(inode);
            return false;
        } catch (HoldfastException e) {
            return e.code() == ErrorCode.NOT_FOUND || e.code() == ErrorCode.STALE;
        }
    }

    @Override
    public List<String> lostFlushes() {
        return life.changes().lost();
    }

    @Override
    public void acceptLoss(String path) throws HoldfastException {
        // All can be accepted even if the record of the root cannot be read.
        long inode = path.equals("/") ? Inodes.ROOT : status(path).inode();
        life.act(() -> {
            KeptLosses kept = keptLosses(life.requireWritable());
            if (inode == Inodes.ROOT) {
                kept.acceptAll();
            } else {
                kept.accept(inode, path);
            }
        });
    }

    @Override
    public VolumeGrowth grow(long bytes) throws HoldfastException {
        return life.call(() -> growing.grow(bytes, life.requireWritable().checkpointer()));
    }

    @Override
    public LiveRepair beginRepair() throws HoldfastException {
        life.call(life::requireWritable);
        if (repairing.getAndSet(true)) {
            throw new HoldfastException(
                    ErrorCode.IN_USE,
                    device.name() + ": somebody repairs the volume already; wait for the end of that");
        }
        return new LiveRepairing(layers, onlineCheck(), reopening, recovery.nanos(), () -> repairing.set(false));
    }

    /** Checks a volume that is open read-only, for a repair: as {@link OnlineCheck#checkAtRest}. */
    VolumeCheck checkForRepair(Progress progress, Arena memory) throws HoldfastException {
        return life.call(() -> onlineCheck().checkAtRest(progress, memory));
    }

    /** Decides what to repair of a volume that is open read-only and was checked. */
    Repair repair(CheckedVolume checked, CheckReport report) throws HoldfastException {
        return life.call(() ->
                new Repair(RepairSource.of(state, opened, environment.clock().instant()), checked, report));
    }

    @Override
    public Jobs jobs() {
        return background;
    }

    @Override
    public CheckReport check(CheckOptions checked, Progress progress) throws HoldfastException {
        OnlineCheck check = onlineCheck();
        return life.call(() -> check.run(checked, progress));
    }

    private OnlineCheck onlineCheck() {
        return new OnlineCheck(
                state,
                files,
                path -> statuses.of(namespace.status(path)),
                writable,
                opened,
                background,
                memory,
                kept,
                environment);
    }

    @Override
    public Optional<FinishedCheck> lastCheck() throws HoldfastException {
        return life.call(() -> KeptJobs.last(state));
    }

    @Override
    public void close() throws HoldfastException {
        closing.close();
    }
}
