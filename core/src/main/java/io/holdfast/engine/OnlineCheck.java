package io.holdfast.engine;

import io.holdfast.background.Background;
import io.holdfast.background.Job;
import io.holdfast.background.JobCancelledException;
import io.holdfast.background.JobPausedException;
import io.holdfast.background.PacedReads;
import io.holdfast.check.CheckMemory;
import io.holdfast.check.CheckSource;
import io.holdfast.check.CheckWork;
import io.holdfast.check.LogCheck;
import io.holdfast.check.VolumeCheck;
import io.holdfast.checkpoint.Checkpoints;
import io.holdfast.checkpoint.Superblocks;
import io.holdfast.checkpoint.VolumeState;
import io.holdfast.concurrent.Timing;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.file.FileLayer;
import io.holdfast.format.Block;
import io.holdfast.format.Layout;
import io.holdfast.format.Superblock;
import io.holdfast.memory.MemoryPlan;
import io.holdfast.node.NodeCache;
import io.holdfast.repair.Losses;
import io.holdfast.repair.Repair;
import io.holdfast.repair.RepairSource;
import io.holdfast.store.BlockStore;
import io.holdfast.volume.CheckOptions;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.FileKind;
import io.holdfast.volume.FileStatus;
import io.holdfast.volume.FinishedCheck;
import io.holdfast.volume.JobKind;
import io.holdfast.volume.JobSettings;
import io.holdfast.volume.Progress;
import io.holdfast.volume.RepairPlan;
import io.holdfast.volume.Volume;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Checks an open volume, as a job. If it can, it first writes a checkpoint, which holds everything done before the call. Then it
 * goes through the newest ones.
 */
final class OnlineCheck {
    /** How often a repair is decided beside writers. */
    private static final int PLANS_MAX = 16;
    /** For nodes that the check looks up again and again: clients keep theirs. */
    private static final long NODE_BYTES = 1L << 20;

    private final VolumeState state;
    private final FileLayer files;
    private final Paths paths;
    private final FileLayer.@Nullable Writable writable;
    private final Superblock opened;
    private final Background background;
    private final @Nullable KeptJobs kept;
    private final VolumeOnDevice.Environment environment;
    private final MemoryPlan plan;

    /** Finds files. */
    interface Paths {
        FileStatus status(String path) throws HoldfastException;
    }

    /**
     * @param writable null if the volume is open read-only
     * @param opened the superblock that was found when the volume was opened
     * @param kept null if the volume is open read-only
     */
    OnlineCheck(
            VolumeState state,
            FileLayer files,
            Paths paths,
            FileLayer.@Nullable Writable writable,
            Superblock opened,
            Background background,
            MemoryPlan plan,
            @Nullable KeptJobs kept,
            VolumeOnDevice.Environment environment) {
        this.plan = plan;
        this.state = state;
        this.files = files;
        this.paths = paths;
        this.writable = writable;
        this.opened = opened;
        this.background = background;
        this.kept = kept;
        this.environment = environment;
    }

    /** Does as {@link Volume#check}. */
    CheckReport run(CheckOptions options, Progress progress) throws HoldfastException {
        Meter meter = new Meter(progress);
        Set<Long> inodes = new TreeSet<>();
        long totalBlocks = find(options.files(), inodes);
        long began = environment.timing().nanoTime();
        try (Job job = begin(options, meter::repeat);
                Arena memory = Arena.ofShared()) {
            meter.of(job);
            CheckWork work =
                    new CheckWork(job, !options.metadataOnly(), List.copyOf(inodes), totalBlocks, checkMemory());
            CheckReport report = run(work, meter, memory);
            if (options.isWhole()) {
                keep(report, environment.timing().nanoTime() - began);
            }
            forget(options);
            return report;
        } catch (JobCancelledException e) {
            if (e.why().code() == ErrorCode.CANCELLED) {
                forget(options);
            }
            throw e.why();
        }
    }

    private Job begin(CheckOptions options, Runnable heartbeat) throws HoldfastException {
        return options.lasting()
                ? background.beginLasting(JobKind.CHECK, subject(options), heartbeat)
                : background.begin(JobKind.CHECK, subject(options), options.rate(), heartbeat);
    }

    /** What was set of a lasting check is for that one, which has ended. */
    private void forget(CheckOptions options) {
        KeptJobs to = kept;
        if (options.lasting() && to != null && !to.of(JobKind.CHECK).equals(JobSettings.NONE)) {
            to.keep(JobKind.CHECK, () -> Optional.of(JobSettings.NONE));
        }
    }

    private static String subject(CheckOptions options) {
        String what = options.metadataOnly() ? "metadata" : "data and metadata";
        return switch (options.files().size()) {
            case 0 -> options.metadataOnly() ? "metadata of the volume" : "the volume";
            case 1 -> what + " of " + options.files().getFirst();
            default -> what + " of " + options.files().size() + " files";
        };
    }

    /** Returns what a check may take that begins now. */
    CheckMemory checkMemory() {
        return new CheckMemory(
                plan.checkOrder(), plan.checkSets(), environment.timing().nanoTime());
    }

    /** Finds the inodes of files; returns how many blocks they have. */
    private long find(List<String> wanted, Set<Long> inodes) throws HoldfastException {
        if (wanted.size() > CheckOptions.FILES_MAX) {
            throw new HoldfastException(
                    ErrorCode.INVALID,
                    "a check looks at %d files at most, or at all".formatted(CheckOptions.FILES_MAX));
        }
        long bytes = 0;
        for (String path : wanted) {
            FileStatus status = paths.status(path);
            if (status.kind() != FileKind.REGULAR) {
                throw new HoldfastException(
                        ErrorCode.INVALID, path + " is not a regular file, so it has no data to check");
            }
            bytes += inodes.add(status.inode()) ? status.allocatedBytes() : 0;
        }
        return bytes / Block.SIZE;
    }

    /**
     * Hears how far the check is, and passes it on; again and again, if the check waits. Used by the threads of one check:
     * {@code lock} lets one at a time call the progress.
     */
    private static final class Meter implements Progress {
        private final Progress progress;
        private final ReentrantLock lock = new ReentrantLock();
        private @Nullable Job job;
        private volatile long done;
        private volatile long total;

        Meter(Progress progress) {
            this.progress = progress;
        }

        void of(Job begun) {
            job = begun;
        }

        @Override
        public void update(long blocks, long ofBlocks) {
            done = blocks;
            total = ofBlocks;
            Job known = job;
            if (known != null) {
                known.progress(blocks * Block.SIZE, ofBlocks * Block.SIZE);
            }
            lock.lock();
            try {
                progress.update(blocks, ofBlocks);
            } finally {
                lock.unlock();
            }
        }

        /** Passes it on again, unless somebody does. */
        void repeat() {
            if (lock.tryLock()) {
                try {
                    progress.update(done, total);
                } finally {
                    lock.unlock();
                }
            }
        }
    }

    private CheckReport run(CheckWork work, Progress progress, Arena memory) throws HoldfastException {
        FileLayer.Writable to = writable;
        CheckSource source;
        if (to == null) {
            source = CheckSource.fixed(opened);
        } else if (state.latch().failed()) {
            source = CheckSource.fixed(to.checkpointer().checkpoints().superblock());
        } else {
            checkpointForCheck(to);
            source = CheckSource.live(to.checkpointer().checkpoints());
        }
        // What nothing follows needs no pins, so the check may stand still anywhere.
        BlockStore store = new BlockStore(new PacedReads(state.device(), work.job(), source.isFixed()));
        try (NodeCache nodes = new NodeCache(store, state.checksum(), state.nodeBuffers(), NODE_BYTES)) {
            // Nothing is pinned while data is read.
            BlockStore data = new BlockStore(new PacedReads(state.device(), work.job(), true));
            return check(state.readBy(store, nodes), data, source, work, progress, memory)
                    .report();
        }
    }

    /**
     * Brings everything written so far into a checkpoint. If the volume has failed or the host is full, nothing more
     * can be brought in; the check then covers the last checkpoint.
     */
    private void checkpointForCheck(FileLayer.Writable to) throws HoldfastException {
        try {
            files.logAll();
            to.checkpointer().checkpoint();
        } catch (HoldfastException e) {
            if (!state.latch().failed() && !state.room().isMissing()) {
                throw e;
            }
        }
    }

    /**
     * What a check beside clients has found for a repair.
     *
     * @param check hears what changes, until it is closed
     * @param losses all of the plan, also those that it does not list
     * @param nanos how long it took
     * @param checkpointNanos how long the checkpoint before took
     */
    record ForRepair(VolumeCheck check, RepairPlan plan, Losses losses, long nanos, long checkpointNanos) {}

    /** Checks all of a volume beside its clients, and decides what to repair; good as long as {@code memory} is. */
    ForRepair forRepair(FileLayer.Writable to, Progress progress, Arena memory) throws HoldfastException {
        Meter meter = new Meter(progress);
        Timing timing = environment.timing();
        long began = timing.nanoTime();
        try (Job job = background.begin(JobKind.CHECK, "the volume, for a repair", 0, meter::repeat)) {
            meter.of(job);
            checkpointForCheck(to);
            state.latch().check();
            long checkpointNanos = timing.nanoTime() - began;
            CheckWork work = new CheckWork(job, true, List.of(), 0, checkMemory());
            CheckSource source = CheckSource.live(to.checkpointer().checkpoints());
            BlockStore store = new BlockStore(new PacedReads(state.device(), job, false));
            try (NodeCache nodes = new NodeCache(store, state.checksum(), state.nodeBuffers(), NODE_BYTES)) {
                VolumeState paced = state.readBy(store, nodes);
                BlockStore data = new BlockStore(new PacedReads(state.device(), job, true));
                VolumeCheck check = new VolumeCheck(paced, state, source, work, data, meter, memory);
                boolean done = false;
                try {
                    source.whileIdle((newest, map) -> checkSuperblocks(check));
                    check.run();
                    check.endReads();
                    keep(check.report(), timing.nanoTime() - began);
                    Decided decided = decide(paced, to, check, job);
                    done = true;
                    return new ForRepair(
                            check, decided.plan, decided.losses, timing.nanoTime() - began, checkpointNanos);
                } finally {
                    if (!done) {
                        check.close();
                    }
                }
            }
        } catch (JobCancelledException e) {
            throw e.why();
        }
    }

    private record Decided(RepairPlan plan, Losses losses) {}

    /** Decides what a repair of the newest checkpoint would do. Changes nothing. */
    private Decided decide(VolumeState paced, FileLayer.Writable to, VolumeCheck check, Job job)
            throws HoldfastException {
        Checkpoints checkpoints = to.checkpointer().checkpoints();
        for (int attempt = 0; attempt < PLANS_MAX; attempt++) {
            job.awaitTurn();
            try (Checkpoints.Pin pin = checkpoints.pin()) {
                RepairSource newest = RepairSource.ofCheckpoint(
                        paced,
                        to.reserver(),
                        checkpoints.superblock(),
                        environment.clock().instant());
                HoldfastException failure = null;
                Decided decided = null;
                try {
                    Repair repair = new Repair(newest, check.checked(), check.report());
                    decided = new Decided(repair.plan(), repair.losses());
                } catch (HoldfastException e) {
                    failure = e;
                }
                if (!pin.isRevoked() && decided != null) {
                    return decided;
                }
                if (!pin.isRevoked() && failure != null) {
                    throw failure;
                }
            } catch (JobPausedException e) {
                attempt--; // Nothing was wrong with it.
            }
        }
        throw new HoldfastException(
                ErrorCode.IN_USE,
                state.device().name()
                        + ": writers needed the space that the decision would have kept; repair again when there is more");
    }

    /** Checks a volume that is open read-only; what the check knows is good as long as {@code memory} is. */
    VolumeCheck checkAtRest(Progress progress, Arena memory) throws HoldfastException {
        Meter meter = new Meter(progress);
        try (Job job = background.begin(JobKind.CHECK, subject(CheckOptions.ALL), 0, meter::repeat)) {
            meter.of(job);
            CheckWork work = new CheckWork(job, true, List.of(), 0, checkMemory());
            return check(state, state.store(), CheckSource.fixed(opened), work, meter, memory);
        } catch (JobCancelledException e) {
            throw e.why();
        }
    }

    private VolumeCheck check(
            VolumeState paced, BlockStore data, CheckSource source, CheckWork work, Progress progress, Arena memory)
            throws HoldfastException {
        try (VolumeCheck check = new VolumeCheck(paced, state, source, work, data, progress, memory)) {
            boolean whole = work.files().isEmpty();
            if (whole) {
                // Here: no checkpoint is written while they are read.
                work.job().move(superblockBytes(source)).close();
                source.whileIdle((newest, map) -> checkSuperblocks(check));
            }
            check.run();
            if (whole && writable == null) {
                new LogCheck(paced, opened, check, memory).run();
            }
            return check;
        }
    }

    private static long superblockBytes(CheckSource source) {
        return (long) source.superblock().layout().superblockCopies() * Layout.SUPERBLOCK_SLOTS * Block.SIZE;
    }

    private void checkSuperblocks(VolumeCheck check) {
        try {
            Superblocks copies = new Superblocks(
                    state.store(), state.nodeBuffers(), state.layout().groupLog2());
            Superblocks.Found found = writable == null ? copies.read() : copies.readAtRest();
            for (Superblocks.Problem problem : found.problems()) {
                check.addCopy(problem.block(), problem.message());
            }
            if (writable == null) {
                // Who writes to the volume knows which superblock is the newest.
                found.warning(state.store().name()).ifPresent(check::addHiddenSuperblock);
            }
        } catch (HoldfastException e) {
            check.add("superblock", -1, String.valueOf(e.getMessage()));
        }
    }

    /** Notes in the volume that it was checked. */
    private void keep(CheckReport report, long nanos) {
        KeptJobs to = kept;
        if (to != null && !state.latch().failed()) {
            to.finished(new FinishedCheck(
                    environment.clock().instant(),
                    nanos,
                    report.problemCount(),
                    report.unproven().size()));
        }
    }
}
