package io.holdfast.engine;

import io.holdfast.background.Background;
import io.holdfast.background.Job;
import io.holdfast.check.CheckSource;
import io.holdfast.check.CheckWork;
import io.holdfast.check.VolumeCheck;
import io.holdfast.checkpoint.Checkpoints;
import io.holdfast.checkpoint.VolumeState;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.event.RepairEvent;
import io.holdfast.file.FileLayer;
import io.holdfast.format.Superblock;
import io.holdfast.repair.Losses;
import io.holdfast.repair.Repair;
import io.holdfast.repair.RepairSource;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.JobKind;
import io.holdfast.volume.LiveRepair;
import io.holdfast.volume.Progress;
import io.holdfast.volume.RepairPlan;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Repairs a volume in use. The check goes on hearing what changes until the volume's calls are stopped and its last checkpoint is written. What that has not changed is
 * as the check has found it, and of the rest the space map is right ({@link io.holdfast.check.CheckedVolume}). So the exact decision needs no second check: it reads the bitmaps of the groups
 * that are wrong, and the items, if some are. Only where something could not be read is all metadata read again while calls wait.
 */
final class LiveRepairing implements LiveRepair {
    /** Records and directory entries in a block of the metadata tree, and how often a repair of items reads it. */
    private static final int ITEMS_PER_BLOCK = 8;

    private static final int ITEM_ROUNDS = 4;
    /** Reads and writes for a bitmap that is wrong. */
    private static final int BLOCKS_PER_GROUP = 3;

    private final Layers volume;
    private final OnlineCheck online;
    private final Reopening reopening;
    private final long openingNanos;
    private final Runnable ended;
    private final AtomicBoolean closed = new AtomicBoolean();
    /** Where the check's sets of blocks lie. */
    private Arena memory = Arena.ofShared();

    private OnlineCheck.@Nullable ForRepair found;
    private boolean begun;

    /**
     * @param openingNanos how long opening the volume takes
     * @param ended called once, when this is closed
     */
    LiveRepairing(Layers volume, OnlineCheck online, Reopening reopening, long openingNanos, Runnable ended) {
        this.volume = volume;
        this.online = online;
        this.reopening = reopening;
        this.openingNanos = openingNanos;
        this.ended = ended;
    }

    @Override
    public CheckReport check(Progress progress) throws HoldfastException {
        if (found != null) {
            throw new HoldfastException(ErrorCode.INVALID, volume.device().name() + ": the volume was checked already");
        }
        OnlineCheck.ForRepair checked =
                volume.life().call(() -> online.forRepair(volume.life().requireWritable(), progress, memory));
        found = checked;
        return checked.check().report();
    }

    private OnlineCheck.ForRepair found() throws HoldfastException {
        OnlineCheck.ForRepair checked = found;
        if (checked == null) {
            throw new HoldfastException(ErrorCode.INVALID, volume.device().name() + ": check the volume first");
        }
        return checked;
    }

    @Override
    public RepairPlan plan() throws HoldfastException {
        return found().plan();
    }

    @Override
    public long waitNanos() throws HoldfastException {
        OnlineCheck.ForRepair from = found();
        CheckReport report = from.check().report();
        long read = report.blocksVerified() + report.blocksUnverified() + report.metadataBlocks();
        boolean all = volume.life()
                .call(() -> !from.check()
                        .checked()
                        .holdsFor(volume.state().nodes(), checkpoints().superblock()));
        boolean items = from.plan().repairs().stream()
                .anyMatch(repair ->
                        repair.structure().equals("inode") || repair.structure().equals("directory entry"));
        long blocks = (all ? report.metadataBlocks() : 0)
                + (items ? (report.files() + report.directories()) * ITEM_ROUNDS / ITEMS_PER_BLOCK : 0)
                + (long) from.check().checked().groups().size() * BLOCKS_PER_GROUP;
        return 2 * from.checkpointNanos() + openingNanos + (long) ((double) from.nanos() / Math.max(1, read) * blocks);
    }

    private Checkpoints checkpoints() throws HoldfastException {
        FileLayer.Writable to = volume.life().requireWritable();
        return to.checkpointer().checkpoints();
    }

    @Override
    public Applied apply(Progress progress, Runnable opened) throws HoldfastException {
        OnlineCheck.ForRepair from = found();
        if (begun || closed.get() || !from.plan().isPossible()) {
            throw new HoldfastException(ErrorCode.INVALID, volume.device().name() + ": there is nothing to repair");
        }
        begun = true;
        // What is in memory now need not be written while calls wait.
        volume.life().call(() -> {
            volume.files().logAll();
            volume.life().requireWritable().checkpointer().checkpoint();
            return this;
        });
        progress.update(1, STEPS);
        return reopening.around(last -> repair(from, last, progress), this::takeBack, opened);
    }

    private RepairPlan repair(OnlineCheck.ForRepair from, Superblock last, Progress progress) throws HoldfastException {
        progress.update(2, STEPS);
        Repair decided = decide(from, last, progress);
        RepairPlan plan = decided.plan();
        if (!plan.refusal().isEmpty()) {
            throw new HoldfastException(ErrorCode.DAMAGED, plan.refusal());
        }
        requireNoOtherLoss(from.losses(), decided.losses());
        progress.update(3, STEPS);
        if (plan.isPossible()) {
            RepairWriting.write(
                    new KeptOpen(volume.device()),
                    volume.options(),
                    volume.environment(),
                    decided,
                    last.generation(),
                    0);
            RepairEvent.emit("repair of the volume", -1);
        }
        return plan;
    }

    private Repair decide(OnlineCheck.ForRepair from, Superblock last, Progress progress) throws HoldfastException {
        VolumeState state = volume.state();
        RepairSource source =
                RepairSource.of(state, last, volume.environment().clock().instant());
        VolumeCheck check = from.check();
        if (!check.checked().holdsFor(state.nodes(), last)) {
            check.close();
            memory.close();
            memory = Arena.ofShared();
            check = checkMetadata(last, progress);
        }
        return new Repair(source, check.checked(), check.report());
    }

    /** Reads all metadata again, while nothing changes. */
    private VolumeCheck checkMetadata(Superblock last, Progress progress) throws HoldfastException {
        Background alone = new Background(volume.environment().timing());
        try (Job job = alone.begin(JobKind.CHECK, "the metadata, for a repair", 0, null);
                VolumeCheck check = new VolumeCheck(
                        volume.state(),
                        volume.state(),
                        CheckSource.fixed(last),
                        new CheckWork(job, false, List.of(), 0, online.checkMemory()),
                        volume.state().store(),
                        (_, _) -> progress.update(2, STEPS),
                        memory)) {
            check.run();
            return check;
        }
    }

    /** Somebody has agreed to what was planned, and to no other loss. */
    private void requireNoOtherLoss(Losses planned, Losses now) throws HoldfastException {
        if (planned.areTooMany() || now.areTooMany()) {
            throw new HoldfastException(
                    ErrorCode.IN_USE,
                    volume.device().name()
                            + ": a repair would lose so much that nobody can say whether all of it was planned; nothing was repaired, stop the server and repair then");
        }
        Optional<Losses.Loss> other = now.beside(planned);
        if (other.isPresent()) {
            throw new HoldfastException(
                    ErrorCode.IN_USE,
                    "%s: it has changed since the plan was made, and a repair would lose something else now (inode %d: %s); nothing was repaired, repair again"
                            .formatted(
                                    volume.device().name(),
                                    other.get().inode(),
                                    other.get().what()));
        }
    }

    private void takeBack() throws HoldfastException {
        RepairUndo.run(volume.device(), volume.environment().groupLog2());
    }

    @Override
    public void close() {
        if (closed.getAndSet(true)) {
            return;
        }
        OnlineCheck.ForRepair checked = found;
        if (checked != null) {
            checked.check().close();
        }
        memory.close();
        ended.run();
    }
}
