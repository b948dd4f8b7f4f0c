package io.holdfast.engine;

import io.holdfast.checkpoint.VolumeState;
import io.holdfast.device.Device;
import io.holdfast.device.FileDevice;
import io.holdfast.device.IoEngines;
import io.holdfast.device.MeteredDevice;
import io.holdfast.device.VolumeLock;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.error.SizeText;
import io.holdfast.failure.HostRoom;
import io.holdfast.failure.InsistentDevice;
import io.holdfast.file.FileLayer;
import io.holdfast.file.IoCounters;
import io.holdfast.format.Block;
import io.holdfast.format.Superblock;
import io.holdfast.namespace.FileOpener;
import io.holdfast.namespace.Inode;
import io.holdfast.namespace.Namespace;
import io.holdfast.space.Reclaimer;
import io.holdfast.space.SpaceManager;
import io.holdfast.volume.AttributeChange;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.FileClaim;
import io.holdfast.volume.FileKind;
import io.holdfast.volume.FileStatus;
import io.holdfast.volume.FileUser;
import io.holdfast.volume.InUse;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.RecoveryReport;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeCounters;
import io.holdfast.volume.VolumeFiles;
import io.holdfast.volume.VolumeInfo;
import io.holdfast.volume.VolumeUsage;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * An open volume: its layers put together.
 *
 * <p>Invariant: every call holds {@code life} shared while it runs and {@link #close} takes it exclusively, so nothing
 * runs in a layer that is being taken apart.
 */
final class StoredVolume implements Volume {
    private final MeteredDevice device;
    private final AutoLock deviceLock;
    private final OpenOptions options;
    private final VolumeState state;
    private final FileLayer files;
    private final Namespace namespace;
    private final FileLayer.@Nullable Writable writable;
    private final Superblock opened;
    private final RecoveryReport recovery;
    private final ReentrantReadWriteLock life = new ReentrantReadWriteLock();
    private final VolumeFiles nobodys = new FilesOf(null);
    private boolean closed;

    /** Something that keeps others off the device, given up last. */
    interface AutoLock {
        void release() throws HoldfastException;

        /** As {@link Volume#storage}. */
        default Optional<String> storage() {
            return Optional.empty();
        }
    }

    /** Keeps other processes off. */
    private record DeviceLock(VolumeLock lock) implements AutoLock {
        @Override
        public void release() throws HoldfastException {
            lock.close();
        }

        @Override
        public Optional<String> storage() {
            return Optional.of(lock.storage());
        }
    }

    private StoredVolume(
            VolumeOpening opening,
            AutoLock deviceLock,
            OpenOptions options,
            FileLayer files,
            Namespace namespace,
            RecoveryReport recovery) {
        this.device = opening.device();
        this.deviceLock = deviceLock;
        this.options = options;
        this.state = opening.state();
        this.files = files;
        this.namespace = namespace;
        this.writable = opening.writable();
        this.opened = opening.superblock();
        this.recovery = recovery;
    }

    // ---- format and open ----

    static Volume open(Path path, OpenOptions options) throws HoldfastException {
        requirePossibleMemory(options.memory());
        FileDevice.requireKind(path);
        VolumeLock lock = VolumeLock.acquire(path, !options.readOnly());
        boolean done = false;
        try {
            FileDevice device = IoEngines.open(path, !options.readOnly(), options.directIo(), options.io());
            Volume volume = open(device, new DeviceLock(lock), options, VolumeOnDevice.Environment.system());
            done = true;
            return volume;
        } finally {
            if (!done) {
                lock.close();
            }
        }
    }

    private static void requirePossibleMemory(long bytes) throws HoldfastException {
        boolean little = Long.compareUnsigned(bytes, OpenOptions.MIN_MEMORY) < 0;
        boolean much = Long.compareUnsigned(bytes, OpenOptions.MAX_MEMORY) > 0;
        if (bytes != 0 && (little || much)) {
            throw new HoldfastException(
                    ErrorCode.INVALID,
                    "memory of %s is too %s; it may be %s to %s"
                            .formatted(
                                    SizeText.exact(bytes),
                                    much ? "much" : "little",
                                    SizeText.exact(OpenOptions.MIN_MEMORY),
                                    SizeText.exact(OpenOptions.MAX_MEMORY)));
        }
    }

    static Volume open(Device raw, AutoLock lock, OpenOptions options, VolumeOnDevice.Environment environment)
            throws HoldfastException {
        InstantSource clock = environment.clock();
        HostRoom room = new HostRoom(environment.timing());
        VolumeOpening opening =
                new VolumeOpening(new MeteredDevice(new InsistentDevice(raw, room)), room, options, environment);
        boolean done = false;
        FileLayer files = null;
        try {
            RecoveryReport recovery = opening.run();
            files = new FileLayer(
                    opening.state(), opening.memory() * 5 / 8, clock, environment.timing(), opening.writable());
            Namespace namespace = new Namespace(opening.state().items(), clock, files.table(), files.table());
            StoredVolume volume = new StoredVolume(opening, lock, options, files, namespace, recovery);
            volume.start();
            done = true;
            return volume;
        } catch (OutOfMemoryError e) {
            throw new HoldfastException(
                    ErrorCode.NO_MEMORY,
                    raw.name() + ": there is not enough memory to open the volume; free some, or ask for less of it",
                    e);
        } finally {
            if (!done) {
                try {
                    opening.abandon();
                } finally {
                    if (files != null) {
                        files.close();
                    }
                }
            }
        }
    }

    private void start() throws HoldfastException {
        FileLayer.Writable to = writable;
        if (to == null) {
            return;
        }
        Reclaimer checkpoints = () -> {
            files.awaitReaped();
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
                        files::isReaping);
        to.checkpointer().start();
        boolean done = false;
        try {
            namespace.recover();
            files.start();
            state.room().start();
            done = true;
        } finally {
            if (!done) {
                files.stop();
            }
        }
    }

    // ---- what the volume is ----

    @Override
    public VolumeInfo info() {
        Superblock superblock =
                writable == null ? opened : writable.checkpointer().superblock();
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

    @Override
    public Optional<String> storage() {
        return deviceLock.storage();
    }

    @Override
    public VolumeUsage usage() {
        SpaceManager.Counts counts = state.space().counts();
        long total = state.layout().blocks();
        long free = Math.min(counts.available(), counts.free());
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
                to == null ? 0 : to.checkpointer().checkpoints(),
                io.stableCopies.sum(),
                io.zeroCopyBlocks.sum(),
                io.cacheHits.sum(),
                io.cacheMisses.sum(),
                io.checksumErrors.sum());
    }

    /** Returns how many blocks are promised to accepted writes; 0 when nothing is dirty and no call runs. */
    long reservedBlocks() {
        return state.space().counts().reserved();
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

    /** Something done while the volume stays open. */
    private interface Call<T> {
        T run() throws HoldfastException;
    }

    /** Something done to a volume that can be written to. */
    private interface Change {
        void run() throws HoldfastException;
    }

    private <T> T call(Call<T> call) throws HoldfastException {
        life.readLock().lock();
        try {
            requireOpen();
            return call.run();
        } catch (HoldfastException e) {
            throw options.errors().tell(e);
        } finally {
            life.readLock().unlock();
        }
    }

    private void change(Change change) throws HoldfastException {
        call(() -> {
            requireWritable();
            change.run();
            return this;
        });
    }

    private void requireOpen() throws HoldfastException {
        if (closed) {
            throw new HoldfastException(ErrorCode.CLOSED, device.name() + " was closed");
        }
    }

    private FileLayer.Writable requireWritable() throws HoldfastException {
        FileLayer.Writable to = writable;
        if (to == null) {
            throw new HoldfastException(ErrorCode.READ_ONLY, device.name() + " is open read-only");
        }
        state.latch().check();
        return to;
    }

    @Override
    public VolumeFiles as(FileUser user) {
        return new FilesOf(user);
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

    /** Who has been cut off for the claim that this thread is making: users are asked to end on the thread that claims. */
    private static final ScopedValue<List<FileClaim.CutOff>> CUT_OFF = ScopedValue.newInstance();

    /**
     * A user as the layers below know it. It is equal to all that stand for the same user, whatever they have open.
     *
     * @param path of what it opens; empty if it opens nothing
     */
    private record Opener(FileUser user, String path) implements FileUser {
        @Override
        public String description() {
            return user.description();
        }

        @Override
        public boolean hasBegun() {
            return user.hasBegun();
        }

        @Override
        public void cutOff() {
            if (CUT_OFF.isBound()) {
                CUT_OFF.get().add(new FileClaim.CutOff(description(), path));
            }
            user.cutOff();
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Opener opener && user.equals(opener.user);
        }

        @Override
        public int hashCode() {
            return user.hashCode();
        }
    }

    private record NotedClaim(FileClaim claim, List<CutOff> cutOff) implements FileClaim {
        /** Claims, and notes who is cut off for it. */
        static FileClaim make(Claiming claiming) throws HoldfastException {
            List<CutOff> cutOff = new ArrayList<>();
            FileClaim claim = ScopedValue.where(CUT_OFF, cutOff).call(claiming::make);
            return new NotedClaim(claim, List.copyOf(cutOff));
        }

        @Override
        public void close() {
            claim.close();
        }
    }

    /** The files as one user has them. */
    private final class FilesOf implements VolumeFiles {
        private final @Nullable FileUser user;

        FilesOf(@Nullable FileUser user) {
            this.user = user == null ? null : new Opener(user, "");
        }

        private @Nullable FileUser opening(String path) {
            return user instanceof Opener opener ? new Opener(opener.user(), path) : null;
        }

        @Override
        public StoredFile open(String path) throws HoldfastException {
            return open(path, FileLayer.Opening.FILE);
        }

        @Override
        public StoredFile openDisk(String path) throws HoldfastException {
            return open(path, FileLayer.Opening.DISK);
        }

        private StoredFile open(String path, FileLayer.Opening opening) throws HoldfastException {
            return call(() -> namespace.open(path, opener(opening)));
        }

        @Override
        public StoredFile create(String path, CreateOptions create) throws HoldfastException {
            return call(() -> {
                requireWritable();
                return namespace.create(
                        path, create, (inode, record) -> guarded(files.openNew(inode, record, opening(path))));
            });
        }

        private FileOpener<StoredFile> opener(FileLayer.Opening opening) {
            return (inode, path) -> guarded(files.open(inode, path, opening, opening(path)));
        }

        @Override
        public StoredFile createUnnamed(CreateOptions options) throws HoldfastException {
            return call(() -> {
                requireWritable();
                return guarded(namespace.createUnnamed(options, files.unnamed()));
            });
        }

        @Override
        public void link(StoredFile file, String path, boolean replace) throws HoldfastException {
            change(() -> {
                boolean ours = file instanceof GuardedFile guarded && guarded.isGuardedBy(life.readLock());
                try (StoredFile open = ours ? files.openAgain(file.inode()) : null) {
                    if (open == null) {
                        throw new HoldfastException(
                                ErrorCode.CLOSED, path + ": the file to be named so is not open here");
                    }
                    namespace.link(open.inode(), path, replace, this::requireUnused);
                }
            });
        }

        @Override
        public void rename(String from, String to) throws HoldfastException {
            change(() -> namespace.rename(from, to, this::requireUnused));
        }

        @Override
        public void remove(String path) throws HoldfastException {
            change(() -> namespace.remove(path, this::requireUnused));
        }

        private void requireUnused(String path) throws HoldfastException {
            files.uses().requireUnused(path, user);
        }

        /** Users are waited for without {@code life}: they need it to end, also while somebody waits to close the volume. */
        @Override
        public FileClaim claim(List<String> paths, InUse inUse) throws HoldfastException {
            List<String> canonical = call(() -> {
                List<String> found = new ArrayList<>();
                for (String path : paths) {
                    found.add(namespace.canonical(path));
                }
                return found;
            });
            return NotedClaim.make(() -> files.uses().claim(canonical, user, inUse));
        }

        @Override
        public FileClaim claimSize(String path, InUse inUse) throws HoldfastException {
            Claiming claiming = call(() -> namespace.open(path, (inode, canonical) ->
                    (Claiming) () -> files.uses().claimSize(inode, canonical, user, inUse)));
            return NotedClaim.make(claiming);
        }
    }

    /** A claim that is made when nothing is locked any more. */
    private interface Claiming {
        FileClaim make() throws HoldfastException;
    }

    @Override
    public StoredFile createUnnamed(CreateOptions options) throws HoldfastException {
        return nobodys.createUnnamed(options);
    }

    @Override
    public void link(StoredFile file, String path, boolean replace) throws HoldfastException {
        nobodys.link(file, path, replace);
    }

    private StoredFile guarded(StoredFile file) {
        return new GuardedFile(file, life.readLock(), this::requireOpen, options.errors());
    }

    @Override
    public void mkdir(String path, CreateOptions options) throws HoldfastException {
        change(() -> namespace.mkdir(path, options));
    }

    @Override
    public void symlink(String path, String target) throws HoldfastException {
        change(() -> namespace.symlink(path, target));
    }

    @Override
    public String readLink(String path) throws HoldfastException {
        return call(() -> namespace.readLink(path));
    }

    @Override
    public void link(String existing, String added) throws HoldfastException {
        change(() -> namespace.link(existing, added));
    }

    @Override
    public FileStatus status(String path) throws HoldfastException {
        return call(() -> {
            Inode inode = namespace.status(path);
            long blocks = inode.record().kind() == FileKind.REGULAR ? dataBlocks(inode.number()) : 0;
            return inode.record().status(inode.number(), blocks * Block.SIZE);
        });
    }

    private long dataBlocks(long inode) throws HoldfastException {
        long blocks = state.maps().acquire(inode).dataBlocksAtMost();
        state.maps().release(inode);
        return blocks + files.dirtyBlocks(inode);
    }

    @Override
    public void setAttributes(String path, AttributeChange attributes) throws HoldfastException {
        change(() -> namespace.setAttributes(path, attributes));
    }

    @Override
    public List<DirectoryEntry> list(String path, String after, int limit) throws HoldfastException {
        return call(() -> namespace.list(path, after, limit));
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
        change(() -> namespace.setXattr(path, name, value));
    }

    @Override
    public byte[] getXattr(String path, String name) throws HoldfastException {
        return call(() -> namespace.getXattr(path, name));
    }

    @Override
    public List<String> listXattrs(String path) throws HoldfastException {
        return call(() -> namespace.listXattrs(path));
    }

    @Override
    public void removeXattr(String path, String name) throws HoldfastException {
        change(() -> namespace.removeXattr(path, name));
    }

    // ---- durability ----

    @Override
    public void sync() throws HoldfastException {
        change(files::sync);
    }

    @Override
    public void checkpoint() throws HoldfastException {
        call(() -> {
            FileLayer.Writable to = requireWritable();
            files.logAll();
            to.checkpointer().checkpoint();
            return this;
        });
    }

    @Override
    public CheckReport check(Progress progress) throws HoldfastException {
        return call(() -> new OnlineCheck(state, files, writable, opened).run(progress));
    }

    @Override
    public void close() throws HoldfastException {
        // Before the lock: calls that wait for room on the host hold it.
        state.room().stop();
        life.writeLock().lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            try {
                shutDown();
            } finally {
                release();
            }
        } finally {
            life.writeLock().unlock();
        }
    }

    /** Makes everything durable in a last checkpoint, which leaves the log empty. */
    private void shutDown() throws HoldfastException {
        FileLayer.Writable to = writable;
        if (to == null) {
            files.stop();
            return;
        }
        try {
            files.stop();
            if (!state.latch().failed()) {
                files.dropUnnamed();
                files.writeAll();
            }
        } finally {
            to.checkpointer().stop();
        }
        if (!state.latch().failed()) {
            to.checkpointer().write(true);
        }
        state.latch().check();
    }

    private void release() throws HoldfastException {
        try {
            device.close();
        } finally {
            try {
                files.close();
                FileLayer.Writable to = writable;
                if (to != null) {
                    to.log().close();
                }
                state.nodeBuffers().close();
                state.nodes().close();
            } finally {
                deviceLock.release();
            }
        }
    }
}
