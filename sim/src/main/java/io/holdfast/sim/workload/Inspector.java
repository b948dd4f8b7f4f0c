package io.holdfast.sim.workload;

import io.holdfast.engine.VolumeOnDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.sim.disk.FaultKind;
import io.holdfast.sim.model.FileModel;
import io.holdfast.sim.model.Folder;
import io.holdfast.sim.model.ViolationException;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.FileKind;
import io.holdfast.volume.FileStatus;
import io.holdfast.volume.JobKind;
import io.holdfast.volume.Progress;
import io.holdfast.volume.ReadFlag;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.WriteFlag;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Inspects the whole volume while no client uses it: after a recovery, in a calm, and at the end. */
public final class Inspector {
    private static final String WITNESS = "/witness";
    private static final int FILLERS = 20;
    private static final int FILLER_BYTES = 900;
    /** Virtual time that background work gets to come to rest. */
    private static final long REST_NANOS = 20_000_000_000L;
    /** Blocks that are written to see whether space comes back. */
    private static final long HOARD_MAX = 600;

    private final World world;
    private final MemorySegment memory;
    private final MemorySegment again;

    public Inspector(World world) {
        this.world = world;
        this.memory = Arena.ofAuto().allocate(world.scenario.fileBlocks() * 4096L, 4096);
        this.again = Arena.ofAuto().allocate(world.scenario.fileBlocks() * 4096L, 4096);
    }

    /** Makes the directories and the files that all clients share. */
    public void furnish() throws HoldfastException {
        Volume volume = world.volume();
        for (Folder folder : world.folders) {
            volume.mkdir(folder.path(), CreateOptions.directory());
        }
        for (int i = 0; i < world.scenario.sharedFiles(); i++) {
            String name = "s" + i;
            String path = world.shared.pathOf(name);
            boolean checksummed = i == 0;
            FileModel model = world.newFile(path, checksummed, 0);
            CreateOptions options = CreateOptions.file();
            try (StoredFile file = volume.create(path, checksummed ? options : options.withoutChecksum())) {
                model.setInode(file.inode());
            }
            world.shared.begin(names -> names.put(name, new Folder.Node(model)));
            world.shared.done();
        }
        if (world.scenario.overNbd()) {
            world.disks().furnish(volume);
        }
        volume.create(WITNESS, CreateOptions.file()).close();
        if (world.scenario.decays()) {
            fillTree(volume);
        }
        if (world.scenario.room() > 0) {
            fill(volume, world.scenario.room());
        }
        long start = world.ticks.next();
        volume.sync();
        world.synced(start);
    }

    /** Makes so many items that the metadata tree has several leaves, and those of clients lie in more than one. */
    private static void fillTree(Volume volume) throws HoldfastException {
        for (int i = 0; i < FILLERS; i++) {
            String path = "/filler" + i;
            volume.create(path, CreateOptions.file()).close();
            volume.setXattr(path, "user.filler", new byte[FILLER_BYTES]);
        }
    }

    /** Fills the volume up to {@code room} blocks, so that free blocks are reused again and again. */
    private void fill(Volume volume, int room) throws HoldfastException {
        MemorySegment block = memory.asSlice(0, 4096);
        try (StoredFile ballast = volume.create("/ballast", CreateOptions.file())) {
            for (long at = 0; volume.usage().free() / 4096 > room; at += 4096) {
                ballast.write(at, block, Set.of());
            }
        }
    }

    /** Writes a file and makes it durable, together with all that came before. */
    public void witness() throws HoldfastException {
        long start = world.ticks.next();
        try (StoredFile file = world.volume().open(WITNESS)) {
            file.write(0, memory.asSlice(0, 4096), Set.of(WriteFlag.DIRECT));
            file.flush();
        }
        world.folders.forEach(folder -> folder.flushed(start));
    }

    // ---- after a crash ----

    /** Compares everything with the states possible after a crash, and takes what it finds for the truth. */
    public void afterCrash() throws HoldfastException {
        Map<FileModel, String> reachable = new HashMap<>();
        for (Folder folder : world.folders) {
            Map<String, FileStatus> found = list(folder);
            folder.afterCrash(found.keySet(), (name, node) -> same(found.get(name), node));
            folder.names().forEach((name, node) -> {
                FileModel model = node.file();
                FileStatus status = found.get(name);
                if (model != null && status != null) {
                    model.setInode(status.inode());
                    reachable.put(model, folder.pathOf(name));
                }
            });
        }
        world.files().removeIf(file -> !reachable.containsKey(file));
        for (FileModel model : world.files()) {
            verifyFile(reachable.getOrDefault(model, ""), model, true);
        }
    }

    /** Inspects a volume that takes no more writes: it must show all that was acknowledged, flushed or not. */
    public void afterFailure() {
        for (Folder folder : world.folders) {
            try {
                for (DirectoryEntry entry : world.volume().list(folder.path(), "", 1000)) {
                    FileModel model = world.byInode(entry.inode());
                    if (model != null && entry.kind() == FileKind.REGULAR) {
                        verifyFile(folder.pathOf(entry.name()), model, false);
                    }
                }
            } catch (HoldfastException e) {
                world.expect(e, false, "inspection of " + folder.path() + " after a failure");
            }
        }
    }

    /**
     * Flushes what a failed volume has that was opened again. A flush that succeeds says that all changes are there which were
     * acknowledged, before the failure too.
     */
    public void flushAfterResume() throws HoldfastException {
        for (Folder folder : world.folders) {
            for (Map.Entry<String, FileStatus> found : list(folder).entrySet()) {
                FileModel model = world.byInode(found.getValue().inode());
                if (model != null) {
                    flushAfterResume(folder.pathOf(found.getKey()), model);
                }
            }
        }
    }

    private void flushAfterResume(String path, FileModel model) throws HoldfastException {
        long start = world.ticks.next();
        try (StoredFile file = world.volume().open(path)) {
            file.flush();
            model.contentFlushed(start);
        } catch (HoldfastException e) {
            if (e.code() != ErrorCode.FAILED) {
                throw e;
            }
        }
    }

    /** Accepts the losses of all files; then flushes succeed again. */
    public void acceptLosses() throws HoldfastException {
        for (Folder folder : world.folders) {
            for (String name : list(folder).keySet()) {
                String path = folder.pathOf(name);
                if (world.volume().status(path).kind() == FileKind.REGULAR) {
                    acceptLoss(path);
                }
            }
        }
    }

    private void acceptLoss(String path) throws HoldfastException {
        try {
            world.volume().acceptLoss(path);
        } catch (HoldfastException e) {
            if (e.code() != ErrorCode.INVALID) {
                throw e;
            }
        }
        try (StoredFile file = world.volume().open(path)) {
            file.flush();
        }
    }

    private boolean same(@Nullable FileStatus status, Folder.Node node) {
        if (status == null) {
            return false;
        }
        FileModel model = node.file();
        if (model == null) {
            return status.kind() == FileKind.DIRECTORY;
        }
        // The model does not know the inode number of a file that was being created; it must not be the number of
        // another file.
        boolean right = model.inode() == 0 ? world.byInode(status.inode()) == null : model.inode() == status.inode();
        return status.kind() == FileKind.REGULAR && right;
    }

    private Map<String, FileStatus> list(Folder folder) throws HoldfastException {
        Map<String, FileStatus> found = new HashMap<>();
        for (DirectoryEntry entry : world.volume().list(folder.path(), "", 1000)) {
            found.put(entry.name(), world.volume().status(folder.pathOf(entry.name())));
        }
        return found;
    }

    // ---- in a calm ----

    /** Compares everything with the state that must be there now. */
    public void calm() throws HoldfastException {
        for (Folder folder : world.folders) {
            Set<String> found = new HashSet<>(list(folder).keySet());
            if (!found.equals(folder.names().keySet())) {
                throw new ViolationException("%s has %s; it must have %s"
                        .formatted(folder.path(), found, folder.names().keySet()));
            }
            for (Map.Entry<String, Folder.Node> entry : folder.names().entrySet()) {
                FileModel model = entry.getValue().file();
                if (model != null) {
                    verifyFile(folder.pathOf(entry.getKey()), model, false);
                }
            }
        }
    }

    private void verifyFile(String path, FileModel model, boolean crashed) throws HoldfastException {
        try (StoredFile file = world.volume().open(path)) {
            if (file.inode() != model.inode()) {
                throw new ViolationException("%s is inode %d, not %d".formatted(path, file.inode(), model.inode()));
            }
            long size = file.size();
            if (crashed) {
                model.size().afterCrash(size, path);
            } else {
                model.size().require(size, path);
            }
            long started = world.ticks.next();
            long n = file.read(0, memory, Set.of(ReadFlag.DIRECT));
            long m = file.read(0, again, Set.of());
            if (n != size || m != size) {
                throw new ViolationException("%s: %d and %d bytes read of %d".formatted(path, n, m, size));
            }
            if (!world.isVerifiable(model)) {
                // Also the two may differ: the cache has what was there before the disk decayed.
                return;
            }
            long mismatch = memory.asSlice(0, n).mismatch(again.asSlice(0, n));
            if (mismatch >= 0) {
                throw new ViolationException("%s: read twice, byte %d differs".formatted(path, mismatch));
            }
            if (crashed) {
                model.verifyAfterCrash(memory, n);
            } else {
                model.verify(memory, 0, n, started);
            }
        } catch (HoldfastException e) {
            // A damaged file must not hide the others.
            world.expect(e, false, "inspection of " + path);
        }
    }

    /** When nothing runs, everything must have been given back, and the space map must match the reachable blocks. */
    public void atRest() throws HoldfastException {
        long start = world.ticks.next();
        world.volume().sync();
        world.synced(start);
        world.scheduler.sleep(REST_NANOS);
        VolumeOnDevice.Held held = VolumeOnDevice.held(world.volume());
        if (held.reservedBlocks() != 0 || held.buffers() != 0 || held.dirtyBytes() != 0) {
            throw new ViolationException("at rest the volume holds " + held);
        }
        requireOpenGroups();
        check();
    }

    /** The engine closes a group of a disk without damage only if it has counted the blocks of the group wrongly. */
    public void requireOpenGroups() {
        VolumeOnDevice.closedBecause(world.volume()).ifPresent(why -> {
            if (why.code() == ErrorCode.DAMAGED && !world.disk.everDamaged() && !world.mayHaveLostDurable()) {
                throw new ViolationException("nothing is written to a group: " + why.getMessage());
            }
        });
    }

    /** The changes of maps stay within their memory, whoever makes them. */
    public void requireBoundedChanges() {
        VolumeOnDevice.ChangeBytes bytes = VolumeOnDevice.changeBytes(world.volume());
        world.log("changes", "took %d of %d bytes".formatted(bytes.peak(), bytes.limit()));
        if (bytes.peak() > bytes.limit()) {
            throw new ViolationException("the changes of maps took " + bytes);
        }
    }

    /** Checks the volume beside its clients. */
    public void checkBeside() {
        try {
            CheckReport report = world.volume().check(Progress.NONE);
            requireNoDamage(report);
        } catch (HoldfastException e) {
            boolean otherwise = e.code() == ErrorCode.IN_USE
                    || (e.code() == ErrorCode.CANCELLED && world.scenario.meddlesWithJobs());
            if (!otherwise) {
                world.expect(e, false, "a check beside the clients");
            }
        }
    }

    /**
     * Fills most of the free space, gives it up, and fills it again, while the job that frees it is paused: whoever needs the
     * space gets it.
     */
    public void useSpaceThatAPausedJobKeeps() throws HoldfastException {
        Volume volume = world.volume();
        long blocks = volume.usage().free() / 4096 * 3 / 5;
        if (blocks < 8 || blocks > HOARD_MAX || world.disk.happened(FaultKind.HOST_FULL) || world.mayFail()) {
            return;
        }
        long reaper = volume.jobs().list().stream()
                .filter(job -> job.kind() == JobKind.REAP)
                .findFirst()
                .orElseThrow()
                .id();
        volume.jobs().pause(reaper);
        try {
            for (int i = 0; i < 3; i++) {
                hoard(volume, blocks);
            }
        } catch (HoldfastException e) {
            throw new ViolationException("a paused job keeps space from who needs it: " + e.getMessage(), e);
        }
        volume.jobs().resume(reaper);
    }

    private void hoard(Volume volume, long blocks) throws HoldfastException {
        try (StoredFile file = volume.createUnnamed(CreateOptions.file())) {
            for (long block = 0; block < blocks; block++) {
                file.write(block * 4096, memory.asSlice(0, 4096), Set.of());
            }
            file.flush();
        }
    }

    /** Runs the check, which must find only true damage. */
    public void check() throws HoldfastException {
        CheckReport report = world.volume().check(Progress.NONE);
        requireNoDamage(report);
        if (!report.unproven().isEmpty()) {
            throw new ViolationException("nothing runs, and the check could not prove " + report.unproven());
        }
    }

    private void requireNoDamage(CheckReport report) {
        if (report.clean()) {
            world.lostFiles().seenClean();
        }
        boolean explained = report.problems().stream().allMatch(world.lostFiles()::explains);
        if (!explained && !world.mayFail()) {
            throw new ViolationException("check found %d problems: %s"
                    .formatted(
                            report.problemCount(),
                            report.problems().stream().limit(8).toList()));
        }
    }

    /**
     * Inspects the volume after a fault that may have undone durable changes: it may show old content, but no foreign
     * content.
     */
    public void weakly() throws HoldfastException {
        for (Folder folder : world.folders) {
            List<DirectoryEntry> entries = new ArrayList<>();
            try {
                entries.addAll(world.volume().list(folder.path(), "", 1000));
            } catch (HoldfastException e) {
                expectLoss(e);
            }
            for (DirectoryEntry entry : entries) {
                FileModel model = world.byInode(entry.inode());
                if (model != null && entry.kind() == FileKind.REGULAR && world.isVerifiable(model)) {
                    weakly(folder.pathOf(entry.name()), model);
                }
            }
        }
    }

    private void weakly(String path, FileModel model) {
        try (StoredFile file = world.volume().open(path)) {
            long n = file.read(0, memory, Set.of());
            model.verifyWeakly(memory, n);
        } catch (HoldfastException e) {
            expectLoss(e);
        }
    }

    private void expectLoss(HoldfastException e) {
        switch (e.code()) {
            case CHECKSUM_MISMATCH, DAMAGED, DEVICE_ERROR, FAILED, NOT_FOUND -> {}
            default -> world.expect(e, false, "inspection");
        }
    }
}
