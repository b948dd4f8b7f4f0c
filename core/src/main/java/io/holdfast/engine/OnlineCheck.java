package io.holdfast.engine;

import io.holdfast.check.LogCheck;
import io.holdfast.check.VolumeCheck;
import io.holdfast.checkpoint.Superblocks;
import io.holdfast.checkpoint.VolumeState;
import io.holdfast.error.HoldfastException;
import io.holdfast.file.FileLayer;
import io.holdfast.format.Superblock;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.Progress;
import io.holdfast.volume.Volume;
import org.jspecify.annotations.Nullable;

/** The check of an open volume: of its last checkpoint, after one that holds what was done before the call. */
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

    /** As {@link Volume#check}. */
    CheckReport run(Progress progress) throws HoldfastException {
        FileLayer.Writable to = writable;
        if (to == null) {
            return finish(begin(opened, progress));
        }
        if (state.latch().failed()) {
            return finish(begin(to.checkpointer().superblock(), progress));
        }
        to.checkpointer().pin();
        try {
            checkpointForCheck(to);
            return finish(to.checkpointer().whileIdle(newest -> begin(newest, progress)));
        } finally {
            to.checkpointer().unpin();
        }
    }

    /**
     * Makes what was written part of the check. Damage or a full host that stop it from that leave the last checkpoint to
     * check.
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

    /** Reads what is at fixed places. */
    private VolumeCheck begin(Superblock superblock, Progress progress) throws HoldfastException {
        VolumeCheck check = new VolumeCheck(state, superblock, progress);
        checkSuperblocks(check);
        check.spaceMap();
        return check;
    }

    private CheckReport finish(VolumeCheck check) {
        check.trees();
        if (writable == null) {
            new LogCheck(state, check).run(opened.log(), opened.clean());
        }
        return check.finish();
    }

    private void checkSuperblocks(VolumeCheck check) {
        try {
            for (Superblocks.Problem problem :
                    new Superblocks(state.store(), state.nodeBuffers()).read().problems()) {
                check.add("superblock", problem.block(), problem.message());
            }
        } catch (HoldfastException e) {
            check.add("superblock", -1, String.valueOf(e.getMessage()));
        }
    }
}
