package io.holdfast.sim.workload;

import io.holdfast.error.HoldfastException;
import io.holdfast.sim.Scenario;
import io.holdfast.sim.disk.FaultKind;
import io.holdfast.sim.disk.SimDevice;
import io.holdfast.sim.disk.SimDisk;
import io.holdfast.sim.model.FileModel;
import io.holdfast.sim.model.Folder;
import io.holdfast.sim.model.Ticks;
import io.holdfast.sim.model.ViolationException;
import io.holdfast.sim.schedule.Scheduler;
import io.holdfast.sim.schedule.Trace;
import io.holdfast.volume.Volume;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The state that all clients of one simulation share: the open volume, and the model of what it must hold. */
public final class World {
    private static final Pattern NAMED_BLOCK = Pattern.compile("block (\\d+)");

    final Scenario scenario;
    final Scheduler scheduler;
    final Trace trace;
    final SimDisk disk;
    final Mix mix;
    final Ticks ticks = new Ticks();
    /** The directory that all clients use; one client at a time changes it. */
    final Folder shared = new Folder("/shared", ticks);

    final ReentrantLock sharedLock = new ReentrantLock();
    /** The directory of the files that NBD clients use. */
    final Folder disksFolder = new Folder("/disks", ticks);

    final List<Folder> folders = new ArrayList<>();
    private final Disks disks = new Disks(this);
    private final LostFiles lostFiles;
    private final List<FileModel> files = new ArrayList<>();

    private @Nullable Volume volume;
    private @Nullable SimDevice device;
    private int changes;
    private int operations;
    private int phaseEnd;
    private int crashAt = -1;
    private long crashDelay;
    private long lastProgress;

    public World(Scenario scenario, Scheduler scheduler, Trace trace, SimDisk disk) {
        this.scenario = scenario;
        this.scheduler = scheduler;
        this.trace = trace;
        this.disk = disk;
        this.mix = new Mix(scenario);
        this.lostFiles = new LostFiles(this);
        folders.add(shared);
        for (int i = 0; i < scenario.clients(); i++) {
            folders.add(new Folder("/c" + i, ticks));
        }
        if (scenario.overNbd()) {
            folders.add(disksFolder);
        }
    }

    /** Takes the device that a volume is about to be opened on: what has happened to the one before explains no error. */
    public void opening(SimDevice newDevice) {
        device = newDevice;
    }

    /** Takes a volume that was opened on a device. */
    public void opened(Volume newVolume, SimDevice newDevice) {
        volume = newVolume;
        device = newDevice;
        progress();
    }

    Volume volume() {
        Volume now = volume;
        if (now == null) {
            throw new IllegalStateException("no volume is open");
        }
        return now;
    }

    SimDevice device() {
        SimDevice now = device;
        if (now == null) {
            throw new IllegalStateException("no device");
        }
        return now;
    }

    // ---- operations ----

    /**
     * Lets clients make calls up to a total number. If there is to be a crash, the power fails {@code delay} after the
     * last call begins.
     */
    public void beginPhase(int operationsMax, boolean crash, long delay) {
        phaseEnd = operations + operationsMax;
        crashAt = crash ? phaseEnd : -1;
        crashDelay = delay;
    }

    /** Returns whether the power was to fail in this phase; nothing may have been running by then. */
    public boolean crashWasDue() {
        return crashAt >= 0 && operations >= crashAt;
    }

    public int operations() {
        return operations;
    }

    /** Takes the right to one more call; false if the phase is over. */
    boolean takeOperation() {
        if (operations >= phaseEnd || isOver()) {
            return false;
        }
        operations++;
        if (operations == crashAt) {
            SimDevice doomed = device();
            scheduler.after(crashDelay, doomed::cutPower);
        }
        return true;
    }

    /** Returns whether no more calls may be made. */
    boolean phaseIsOver() {
        return operations >= phaseEnd || isOver();
    }

    /** Returns whether the power is cut, or the volume takes no more writes. */
    boolean isOver() {
        return device().isCut() || volume().failure().isPresent();
    }

    void progress() {
        lastProgress = scheduler.steps();
    }

    /** Returns the scheduler's steps since the last call ended. */
    public long stepsWithoutProgress() {
        return scheduler.steps() - lastProgress;
    }

    /** Adds an event to the trace. */
    void log(String kind, String what) {
        trace.event(scheduler.nanoTime(), kind, what.hashCode(), 0, () -> what);
    }

    int nextChange() {
        return ++changes;
    }

    // ---- files ----

    FileModel newFile(String label, boolean checksummed, long size) {
        FileModel file = new FileModel(label, checksummed, scenario.fileBlocks() * 4096, size, ticks);
        files.add(file);
        return file;
    }

    List<FileModel> files() {
        return files;
    }

    @Nullable
    FileModel byInode(long inode) {
        for (FileModel file : files) {
            if (file.inode() == inode) {
                return file;
            }
        }
        return null;
    }

    /** Returns whether reads of a file must be right: in a file without checksums damage goes unnoticed. */
    boolean isVerifiable(FileModel file) {
        return file.checksummed() || !disk.everDamaged();
    }

    /** Records a successful flush of one file that began at {@code start}. */
    void flushed(FileModel file, long start) {
        file.flushed(start);
        namesFlushed(start);
    }

    /** Records that every change of a name that was done before {@code start} is durable. */
    void namesFlushed(long start) {
        folders.forEach(folder -> folder.flushed(start));
    }

    /** Records that everything done before {@code start} is durable. */
    void synced(long start) {
        files.forEach(file -> file.flushed(start));
        namesFlushed(start);
    }

    // ---- errors ----

    /** Throws unless the error is true: a fault that justifies it has happened. */
    public void expect(HoldfastException e, boolean nowait, String what) {
        trace.event(scheduler.nanoTime(), "error", e.code().name().hashCode(), 0, () -> what + ": " + e.getMessage());
        if (!isTrue(e, nowait)) {
            throw new ViolationException(
                    "%s: an error without a cause: %s: %s".formatted(what, e.code(), e.getMessage()), e);
        }
    }

    private boolean isTrue(HoldfastException e, boolean nowait) {
        boolean cut = device != null && device.isCut();
        return switch (e.code()) {
            case WOULD_BLOCK -> nowait || cut;
            // A full volume may be one whose bitmaps cannot be read.
            case NO_SPACE -> mayBeFull() || (e.getCause() instanceof HoldfastException why && isTrue(why, false));
            case HOST_FULL -> disk.happened(FaultKind.HOST_FULL);
            case FAILED, NO_MEMORY -> cut || disk.everDamaged() || deviceFailed();
            case DEVICE_ERROR -> cut || deviceFailed() || disk.everDamaged();
            case CHECKSUM_MISMATCH -> namesDamage(e);
            case DAMAGED -> cut || disk.everDamaged() || disk.happened(FaultKind.FLUSH_LIE);
            default -> false;
        };
    }

    /** Returns whether a call may fail in a way that NBD calls an I/O error. */
    boolean mayFail() {
        return isOver() || disk.everDamaged() || deviceFailed() || mayHaveLostDurable();
    }

    /** Returns whether a call may fail for want of room. */
    boolean mayBeFull() {
        return scenario.tight() || disk.happened(FaultKind.HOST_FULL);
    }

    /** Returns the files that NBD clients use. */
    public Disks disks() {
        return disks;
    }

    /** Returns the files that lose nodes of their maps. */
    public LostFiles lostFiles() {
        return lostFiles;
    }

    private boolean deviceFailed() {
        return disk.happened(FaultKind.WRITE_ERROR)
                || disk.happened(FaultKind.FLUSH_ERROR)
                || disk.happened(FaultKind.VANISH);
    }

    private boolean namesDamage(HoldfastException e) {
        Matcher named = NAMED_BLOCK.matcher(String.valueOf(e.getMessage()));
        while (named.find()) {
            if (disk.everDamaged(Long.parseLong(named.group(1)))) {
                return true;
            }
        }
        return disk.happened(FaultKind.FLUSH_LIE) || disk.happened(FaultKind.COMES_BACK_STALE);
    }

    /** Returns whether a fault has happened after which older content may be back unnoticed. */
    public boolean mayHaveLostDurable() {
        for (FaultKind kind : FaultKind.values()) {
            if (kind.undoesDurability() && disk.happened(kind)) {
                return true;
            }
        }
        return false;
    }
}
