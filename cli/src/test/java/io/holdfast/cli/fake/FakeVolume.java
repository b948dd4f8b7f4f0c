package io.holdfast.cli.fake;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.AttributeChange;
import io.holdfast.volume.CheckOptions;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.FileClaim;
import io.holdfast.volume.FileKind;
import io.holdfast.volume.FileStatus;
import io.holdfast.volume.FileUser;
import io.holdfast.volume.FinishedCheck;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.HostSpace;
import io.holdfast.volume.InUse;
import io.holdfast.volume.Inodes;
import io.holdfast.volume.Jobs;
import io.holdfast.volume.Progress;
import io.holdfast.volume.RecoveryReport;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeCounters;
import io.holdfast.volume.VolumeFiles;
import io.holdfast.volume.VolumeGrowth;
import io.holdfast.volume.VolumeInfo;
import io.holdfast.volume.VolumeUsage;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/** A volume in memory, just good enough to test the commands. */
public final class FakeVolume implements Volume {
    static final byte[] ZEROES = new byte[BLOCK_SIZE];

    /** Counts flushes of files and syncs of the volume. */
    public final AtomicInteger flushes = new AtomicInteger();

    public final AtomicInteger syncs = new AtomicInteger();
    public final AtomicInteger openFiles = new AtomicInteger();

    private final ReentrantLock lock = new ReentrantLock();
    private final FormatOptions options;
    private volatile long size;
    private final UUID uuid = new UUID(1, 2);
    private final FakeNode root = new FakeNode(1, FileKind.DIRECTORY, CreateOptions.directory());
    private long nextInode = 2;
    private long blocks;
    private boolean held;
    private boolean readOnly;
    private volatile long unreadableInode = -1;
    private volatile long unreadableBlock = -1;
    private volatile Optional<HoldfastException> failure = Optional.empty();
    private volatile CheckReport checkReport = new CheckReport(List.of(), 0, 1, 1, 7, 0, 3, List.of());
    private volatile Runnable duringCheck = () -> {};
    public final FakeJobs jobs = new FakeJobs();
    public volatile Optional<FinishedCheck> lastCheck = Optional.empty();
    private volatile Optional<HoldfastException> checkFailure = Optional.empty();
    /** What the last check was asked for. */
    public volatile CheckOptions checked = CheckOptions.ALL;

    private volatile List<FileClaim.CutOff> users = List.of();
    private volatile Optional<String> storage = Optional.empty();
    private volatile Optional<HostSpace> host = Optional.empty();
    private volatile Optional<HoldfastException> hostFailure = Optional.empty();

    FakeVolume(FormatOptions options) {
        this.options = options;
        this.size = options.size();
    }

    /** Makes a block of a file unreadable. */
    public void breakBlock(long inode, long block) {
        unreadableInode = inode;
        unreadableBlock = block;
    }

    public void failWith(HoldfastException cause) {
        failure = Optional.of(cause);
    }

    public void reportOnCheck(CheckReport report) {
        checkReport = report;
    }

    public void failCheckWith(HoldfastException cause) {
        checkFailure = Optional.of(cause);
    }

    public void duringCheck(Runnable action) {
        duringCheck = action;
    }

    void hold(Path device, boolean asReadOnly) throws HoldfastException {
        lock.lock();
        try {
            if (held) {
                throw new HoldfastException(ErrorCode.HELD, device + " is held by process 4711");
            }
            held = true;
            readOnly = asReadOnly;
        } finally {
            lock.unlock();
        }
    }

    /** Something that may fail. */
    @FunctionalInterface
    interface Io<T> {
        T get() throws HoldfastException;
    }

    /** A change that may fail. */
    @FunctionalInterface
    interface Change {
        void run() throws HoldfastException;
    }

    <T> T locked(Supplier<T> action) {
        lock.lock();
        try {
            return action.get();
        } finally {
            lock.unlock();
        }
    }

    <T> T lockedIo(Io<T> action) throws HoldfastException {
        lock.lock();
        try {
            return action.get();
        } finally {
            lock.unlock();
        }
    }

    void change(Change change) throws HoldfastException {
        lockedIo(() -> {
            if (readOnly) {
                throw new HoldfastException(ErrorCode.READ_ONLY, "the volume is open read-only");
            }
            if (failure.isPresent()) {
                throw failure.get();
            }
            change.run();
            return true;
        });
    }

    void allocate(FakeNode node, long block) throws HoldfastException {
        if (!node.blocks.containsKey(block)) {
            if ((blocks + 1) * BLOCK_SIZE > size) {
                throw new HoldfastException(ErrorCode.NO_SPACE, "no space left in the volume; remove something");
            }
            blocks++;
            node.blocks.put(block, new byte[BLOCK_SIZE]);
        }
    }

    void checkReadable(long inode, long block) throws HoldfastException {
        if (inode == unreadableInode && block == unreadableBlock) {
            throw new HoldfastException(
                    ErrorCode.CHECKSUM_MISMATCH,
                    "inode " + inode + ": offset " + block * BLOCK_SIZE + ": the block does not match its checksum");
        }
    }

    @Override
    public VolumeInfo info() {
        return new VolumeInfo(uuid, options.label(), options.checksum(), BLOCK_SIZE, size, 1, 5, readOnly, false);
    }

    @Override
    public VolumeUsage usage() {
        long used = locked(() -> blocks * BLOCK_SIZE);
        return new VolumeUsage(size, used, 0, 0, size - used, 0);
    }

    @Override
    public Optional<HostSpace> host() throws HoldfastException {
        if (hostFailure.isPresent()) {
            throw hostFailure.get();
        }
        return host;
    }

    /** Makes the volume lie on a file system. */
    public void liesOn(HostSpace space) {
        host = Optional.of(space);
        hostFailure = Optional.empty();
    }

    public void failWhenAskedForTheHost(HoldfastException cause) {
        hostFailure = Optional.of(cause);
    }

    @Override
    public VolumeCounters counters() {
        return new VolumeCounters(flushes.get(), 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
    }

    @Override
    public RecoveryReport recovery() {
        return new RecoveryReport(false, 12, 34, 56, true, 1, 7_800_000, List.of());
    }

    @Override
    public Optional<HoldfastException> failure() {
        return failure;
    }

    @Override
    public StoredFile open(String path) throws HoldfastException {
        return lockedIo(() -> {
            FakeNode node = find(path);
            if (node.kind == FileKind.DIRECTORY) {
                throw new HoldfastException(ErrorCode.IS_A_DIRECTORY, path + " is a directory");
            }
            openFiles.incrementAndGet();
            return new FakeFile(this, node);
        });
    }

    @Override
    public VolumeFiles as(FileUser user) {
        return this;
    }

    /** Fails: no command needs it, and the real engine tests it. */
    @Override
    public Inodes inodes() {
        throw new UnsupportedOperationException("the fake volume has paths alone");
    }

    @Override
    public FileClaim claim(List<String> paths, InUse inUse) {
        return claim(inUse);
    }

    @Override
    public FileClaim claimSize(String path, InUse inUse) {
        return claim(inUse);
    }

    private FileClaim claim(InUse inUse) {
        List<FileClaim.CutOff> cut = inUse == InUse.CUT_OFF ? users : List.of();
        return new FileClaim() {
            @Override
            public List<CutOff> cutOff() {
                return cut;
            }

            @Override
            public void close() {}
        };
    }

    /** Sets the users that have files open; every claim meets all of them. */
    public void isUsedBy(FileClaim.CutOff... them) {
        users = List.of(them);
    }

    /** Sets the name of the storage that the volume is on. */
    public void isOn(String name) {
        storage = Optional.of(name);
    }

    @Override
    public Optional<String> storage() {
        return storage;
    }

    @Override
    public StoredFile openDisk(String path) throws HoldfastException {
        return open(path);
    }

    @Override
    public StoredFile create(String path, CreateOptions create) throws HoldfastException {
        add(path, new FakeNode(nextInode, FileKind.REGULAR, create));
        return open(path);
    }

    @Override
    public StoredFile createUnnamed(CreateOptions create) throws HoldfastException {
        return lockedIo(() -> {
            openFiles.incrementAndGet();
            return new FakeFile(this, new FakeNode(nextInode++, FileKind.REGULAR, create));
        });
    }

    @Override
    public void link(StoredFile file, String path, boolean replace) throws HoldfastException {
        change(() -> {
            FakeNode parent = directory(parent(path));
            if (parent.children.containsKey(name(path)) && !replace) {
                throw new HoldfastException(ErrorCode.EXISTS, path + " exists already");
            }
            parent.children.put(name(path), ((FakeFile) file).node);
        });
    }

    @Override
    public void mkdir(String path, CreateOptions create) throws HoldfastException {
        add(path, new FakeNode(nextInode, FileKind.DIRECTORY, create));
    }

    @Override
    public void symlink(String path, String target) throws HoldfastException {
        FakeNode link = new FakeNode(nextInode, FileKind.SYMLINK, CreateOptions.file());
        link.target = target;
        add(path, link);
    }

    private void add(String path, FakeNode node) throws HoldfastException {
        change(() -> {
            FakeNode parent = directory(parent(path));
            if (parent.children.putIfAbsent(name(path), node) != null) {
                throw new HoldfastException(ErrorCode.EXISTS, path + " exists already");
            }
            nextInode++;
        });
    }

    @Override
    public String readLink(String path) throws HoldfastException {
        return lockedIo(() -> find(path).target);
    }

    @Override
    public void link(String existing, String added) throws HoldfastException {
        FakeNode node = lockedIo(() -> find(existing));
        add(added, node);
        node.links++;
    }

    @Override
    public FileStatus status(String path) throws HoldfastException {
        return lockedIo(() -> find(path).status());
    }

    @Override
    public void setAttributes(String path, AttributeChange c) throws HoldfastException {
        change(() -> {
            FakeNode node = find(path);
            node.mode = Objects.requireNonNullElse(c.mode(), node.mode);
            node.uid = Objects.requireNonNullElse(c.uid(), node.uid);
            node.gid = Objects.requireNonNullElse(c.gid(), node.gid);
            node.accessTime = Objects.requireNonNullElse(c.accessTime(), node.accessTime);
            node.modifyTime = Objects.requireNonNullElse(c.modifyTime(), node.modifyTime);
        });
    }

    @Override
    public List<DirectoryEntry> list(String path, String after, int limit) throws HoldfastException {
        return lockedIo(() -> directory(path).children.tailMap(after, false).entrySet().stream()
                .limit(limit)
                .map(e -> new DirectoryEntry(e.getKey(), e.getValue().inode, e.getValue().kind))
                .toList());
    }

    @Override
    public void rename(String from, String to) throws HoldfastException {
        change(() -> {
            FakeNode node = find(from);
            directory(parent(to)).children.put(name(to), node);
            directory(parent(from)).children.remove(name(from));
        });
    }

    @Override
    public void remove(String path) throws HoldfastException {
        change(() -> {
            FakeNode node = find(path);
            if (!node.children.isEmpty()) {
                throw new HoldfastException(ErrorCode.DIRECTORY_NOT_EMPTY, path + " is not empty");
            }
            blocks -= node.blocks.size();
            directory(parent(path)).children.remove(name(path));
        });
    }

    private FakeNode find(String path) throws HoldfastException {
        FakeNode node = root;
        for (String part : path.split("/")) {
            if (!part.isEmpty()) {
                if (node.kind != FileKind.DIRECTORY) {
                    throw new HoldfastException(ErrorCode.NOT_A_DIRECTORY, path + ": not a directory");
                }
                node = node.children.get(part);
                if (node == null) {
                    throw new HoldfastException(ErrorCode.NOT_FOUND, path + ": no such file or directory");
                }
            }
        }
        return node;
    }

    private FakeNode directory(String path) throws HoldfastException {
        FakeNode node = find(path);
        if (node.kind != FileKind.DIRECTORY) {
            throw new HoldfastException(ErrorCode.NOT_A_DIRECTORY, path + " is not a directory");
        }
        return node;
    }

    private static String parent(String path) {
        return path.substring(0, path.lastIndexOf('/') + 1);
    }

    private static String name(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    @Override
    public void setXattr(String path, String name, byte[] value) throws HoldfastException {
        change(() -> find(path).xattrs.put(name, value.clone()));
    }

    @Override
    public byte[] getXattr(String path, String name) throws HoldfastException {
        return lockedIo(() -> Optional.ofNullable(find(path).xattrs.get(name))
                .orElseThrow(() -> new HoldfastException(ErrorCode.NO_ATTRIBUTE, path + " has no attribute " + name)));
    }

    @Override
    public List<String> listXattrs(String path) throws HoldfastException {
        return lockedIo(() -> List.copyOf(find(path).xattrs.keySet()));
    }

    @Override
    public void removeXattr(String path, String name) throws HoldfastException {
        change(() -> find(path).xattrs.remove(name));
    }

    @Override
    public void sync() {
        syncs.incrementAndGet();
    }

    @Override
    public void checkpoint() {
        syncs.incrementAndGet();
    }

    @Override
    public VolumeGrowth grow(long bytes) throws HoldfastException {
        long before = size;
        change(() -> {
            if (bytes != 0 && bytes < before) {
                throw new HoldfastException(ErrorCode.INVALID, "it cannot shrink");
            }
            size = bytes == 0 ? before * 2 : bytes;
        });
        return new VolumeGrowth(before, size);
    }

    @Override
    public Jobs jobs() {
        return jobs;
    }

    @Override
    public Optional<FinishedCheck> lastCheck() {
        return lastCheck;
    }

    @Override
    public CheckReport check(CheckOptions options, Progress progress) throws HoldfastException {
        checked = options;
        if (checkFailure.isPresent()) {
            throw checkFailure.get();
        }
        for (int i : Arrays.asList(1, 2, 3)) {
            progress.update(i, 3);
        }
        duringCheck.run();
        return checkReport;
    }

    @Override
    public void close() {
        locked(() -> {
            held = false;
            return true;
        });
    }
}
