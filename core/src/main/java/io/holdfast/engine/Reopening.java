package io.holdfast.engine;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.file.FileLayer;
import io.holdfast.format.Superblock;
import io.holdfast.volume.LiveRepair;
import io.holdfast.volume.RepairPlan;
import io.holdfast.volume.Volume;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Opens a volume anew in the place of one that is open. None of the calls of the old one runs meanwhile, and all that come later end with an error. The
 * device of the old volume stays open until the new one is there: the claim of the device is one for both.
 */
final class Reopening {
    private final Layers volume;
    private final Closing closing;

    Reopening(Layers volume, Closing closing) {
        this.volume = volume;
        this.closing = closing;
    }

    /** Does as {@link Volume#reopen}. A failed volume writes nothing any more. */
    Volume afterFailure(Runnable opened) throws HoldfastException {
        FileLayer.Writable to = volume.writable();
        if (to == null || !volume.state().latch().failed()) {
            throw new HoldfastException(
                    ErrorCode.INVALID,
                    volume.device().name() + ": no write or flush has failed, so there is nothing to resume");
        }
        // A call that waits for room on the host would keep this waiting, and so would a check.
        volume.state().room().stop();
        volume.background().stop();
        Volume next = replaced(() -> {}, () -> {
            volume.discarding().stop();
            volume.files().stop();
            to.checkpointer().stop();
            return open(volume.life().changes().loss(), opened);
        });
        giveBack();
        return next;
    }

    /** Something done with the device of a volume that has stopped in order. */
    interface Between {
        /**
         * Does it.
         *
         * @param last the superblock of the last checkpoint, which has everything; the log is empty
         * @return what was done
         */
        RepairPlan run(Superblock last) throws HoldfastException;
    }

    /**
     * Stops the volume in order, does something with its device, and opens the volume again, whether that has succeeded or not. Nothing that was acknowledged is lost: it is made
     * durable before anything is stopped, and if the host has no room for it, this volume goes on as it was.
     *
     * @param takeBack makes the device what it was before {@code between}; called if the volume cannot be opened as it is. Throws {@code
     *     NOT_FOUND} if nothing was written, or if it is too late
     */
    LiveRepair.Applied around(Between between, VolumeLife.Action takeBack, Runnable opened) throws HoldfastException {
        FileLayer.Writable to = volume.life().requireWritable();
        requireRoom();
        volume.background().stop();
        LiveRepair.Applied applied = replaced(this::requireRoom, () -> {
            // Up to here the volume can go on. From here on everything is durable that was acknowledged.
            new Securing(volume).run();
            boolean done = false;
            try {
                LiveRepair.Applied around = around(between, takeBack, opened, to);
                done = true;
                return around;
            } catch (HoldfastException e) {
                throw volume.state().latch().fail(e);
            } finally {
                if (!done && !volume.state().latch().failed()) {
                    // Its threads have ended, so it cannot go on. Opening it again may help later.
                    volume.state()
                            .latch()
                            .fail(new HoldfastException(
                                    ErrorCode.FAILED, volume.device().name() + ": it could not be opened again"));
                }
            }
        });
        giveBack();
        return applied;
    }

    /** Throws {@code NO_SPACE} if the host is full: a call may wait for room then, for as long as that takes. */
    private void requireRoom() throws HoldfastException {
        if (volume.state().room().isMissing()) {
            throw Securing.noRoom(volume);
        }
    }

    private LiveRepair.Applied around(
            Between between, VolumeLife.Action takeBack, Runnable opened, FileLayer.Writable to)
            throws HoldfastException {
        // No call waits for room now, and the last checkpoint must not.
        volume.state().room().stop();
        // What was lost before is in the volume, and all else that was acknowledged is durable.
        AcknowledgedChanges.Loss lost = AcknowledgedChanges.Loss.NONE;
        RepairPlan done = RepairPlan.NOTHING;
        HoldfastException failure = null;
        try {
            if (!closing.intoOneCheckpoint(to)) {
                throw new HoldfastException(
                        ErrorCode.NO_SPACE,
                        volume.device().name()
                                + ": there was no room on the host for the last checkpoint before the repair; nothing was repaired");
            }
            done = between.run(to.checkpointer().checkpoints().superblock());
        } catch (HoldfastException e) {
            volume.state().latch().check();
            failure = e;
        } catch (RuntimeException | OutOfMemoryError e) {
            volume.state().latch().check();
            failure = new HoldfastException(
                    ErrorCode.FAILED, volume.device().name() + ": the repair ended early: " + e, e);
        }
        HoldfastException why;
        try {
            return new LiveRepair.Applied(open(lost, opened), done, Optional.ofNullable(failure));
        } catch (HoldfastException e) {
            why = e;
        }
        boolean isTakenBack = tryTakeBack(takeBack, why);
        StoredVolume again;
        try {
            again = open(lost, opened);
        } catch (HoldfastException e) {
            why.addSuppressed(e);
            throw why;
        }
        if (!isTakenBack) {
            // It may have been opened for writing at the first try, which ends undoing, and what hindered it has gone.
            return new LiveRepair.Applied(again, done, Optional.ofNullable(failure));
        }
        HoldfastException takenBack = new HoldfastException(
                why.code(),
                "the volume does not open as it was repaired, so the repair was taken back: " + why.getMessage(),
                why);
        return new LiveRepair.Applied(again, RepairPlan.NOTHING, Optional.of(takenBack));
    }

    /**
     * Takes a repair back; returns false if there is none to be taken back.
     *
     * @param why the volume does not open; thrown if taking back fails
     */
    private static boolean tryTakeBack(VolumeLife.Action takeBack, HoldfastException why) throws HoldfastException {
        try {
            takeBack.run();
            return true;
        } catch (HoldfastException e) {
            why.addSuppressed(e);
            if (e.code() == ErrorCode.NOT_FOUND) {
                return false;
            }
            throw why;
        }
    }

    /** Opens the volume anew while no call of this one runs. If that fails, this one goes on as it was. */
    private <T> T replaced(VolumeLife.Action mayWait, VolumeLife.Call<T> making) throws HoldfastException {
        boolean replaced = false;
        try {
            T made = volume.life().replace(mayWait, making);
            replaced = true;
            return made;
        } finally {
            if (!replaced) {
                volume.background().admit();
            }
        }
    }

    private StoredVolume open(AcknowledgedChanges.Loss loss, Runnable opened) throws HoldfastException {
        StoredVolume made =
                VolumeOpening.open(volume.guard().open(), volume.guard(), volume.options(), volume.environment());
        boolean done = false;
        try {
            made.lose(withoutThoseGone(made, loss.files()), loss.others());
            opened.run();
            done = true;
            return made;
        } finally {
            if (!done) {
                made.discard();
            }
        }
    }

    /** Leaves out files that the new volume does not have: another file may get such a number. */
    private static Map<Long, String> withoutThoseGone(StoredVolume made, Map<Long, String> inodes) {
        Map<Long, String> present = new TreeMap<>(inodes);
        present.keySet().removeIf(made::isGone);
        return present;
    }

    private void giveBack() {
        try {
            closing.releaseOwn();
        } catch (HoldfastException e) {
            System.getLogger("holdfast")
                    .log(
                            System.Logger.Level.WARNING,
                            "{0}: what the volume had before it was opened again: {1}",
                            volume.device().name(),
                            e.getMessage());
        }
    }
}
