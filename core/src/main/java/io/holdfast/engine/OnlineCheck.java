package io.holdfast.engine;

import io.holdfast.check.CheckSource;
import io.holdfast.check.LogCheck;
import io.holdfast.check.VolumeCheck;
import io.holdfast.checkpoint.Checkpoints;
import io.holdfast.checkpoint.Superblocks;
import io.holdfast.checkpoint.VolumeState;
import io.holdfast.error.HoldfastException;
import io.holdfast.file.FileLayer;
import io.holdfast.format.Superblock;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.Progress;
import io.holdfast.volume.Volume;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/**
 * Checks an open volume. If it can, it first writes a checkpoint, which holds everything done before the call. Then it goes
 * through the newest ones.
 */
final class OnlineCheck {
    private final VolumeState state;
    private final FileLayer files;
    private final FileLayer.@Nullable Writable writable;
    private final Superblock opened;

    /**
     * @param writable null if the volume is open read-only
     * @param opened the superblock that was found when the volume was opened
     */
    OnlineCheck(VolumeState state, FileLayer files, FileLayer.@Nullable Writable writable, Superblock opened) {
        this.state = state;
        this.files = files;
        this.writable = writable;
        this.opened = opened;
    }

    /** Does as {@link Volume#check}. */
    CheckReport run(Progress progress) throws HoldfastException {
        try (Arena memory = Arena.ofShared()) {
            return run(progress, memory);
        }
    }

    private CheckReport run(Progress progress, Arena memory) throws HoldfastException {
        FileLayer.Writable to = writable;
        if (to == null) {
            return run(CheckSource.fixed(opened), progress, memory);
        }
        Checkpoints checkpoints = to.checkpointer().checkpoints();
        if (state.latch().failed()) {
            return run(CheckSource.fixed(checkpoints.superblock()), progress, memory);
        }
        checkpointForCheck(to);
        try {
            return run(CheckSource.live(checkpoints), progress, memory);
        } finally {
            if (to.checkpointer().moreToReap()) {
                to.checkpointer().requestCheckpoint();
            }
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

    private CheckReport run(CheckSource source, Progress progress, Arena memory) throws HoldfastException {
        try (VolumeCheck check = new VolumeCheck(state, source, progress, memory)) {
            source.whileIdle((newest, map) -> checkSuperblocks(check));
            check.run();
            if (writable == null) {
                new LogCheck(state, opened, check, memory).run();
            }
            return check.report();
        }
    }

    private void checkSuperblocks(VolumeCheck check) {
        try {
            Superblocks copies = new Superblocks(
                    state.store(), state.nodeBuffers(), state.layout().groupLog2());
            Superblocks.Found found = writable == null ? copies.read() : copies.readAtRest();
            for (Superblocks.Problem problem : found.problems()) {
                check.add("superblock", problem.block(), problem.message());
            }
        } catch (HoldfastException e) {
            check.add("superblock", -1, String.valueOf(e.getMessage()));
        }
    }
}
