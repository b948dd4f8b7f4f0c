package io.holdfast.space;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.error.WouldBlockException;
import io.holdfast.event.ThrottleEvent;
import java.util.function.BooleanSupplier;

/**
 * Reserves space. On a full volume it waits for a checkpoint to free dead blocks before it reports that there is none.
 */
public final class SpaceReserver {
    private static final int ATTEMPTS_MAX = 64;

    private final SpaceManager space;
    private final String volume;
    private volatile Reclaimer reclaimer = Reclaimer.NONE;
    private volatile Reclaimer checkpoints = Reclaimer.NONE;
    private volatile BooleanSupplier reaping = () -> false;

    public SpaceReserver(SpaceManager space, String volume) {
        this.space = space;
        this.volume = volume;
    }

    /**
     * Sets the reclaimers, which free space.
     *
     * @param all writes dirty pages back, too, which gives back promises that are not needed
     * @param checkpointsOnly for callers that hold locks which writeback needs
     * @param somethingIsGoing tells whether more blocks are about to die
     */
    public void setReclaimers(Reclaimer all, Reclaimer checkpointsOnly, BooleanSupplier somethingIsGoing) {
        reaping = somethingIsGoing;
        reclaimer = all;
        checkpoints = checkpointsOnly;
    }

    /**
     * Reserves blocks. The caller closes the reservation.
     *
     * @param nowait throw {@code WOULD_BLOCK} in place of waiting for a checkpoint
     * @throws HoldfastException {@code NO_SPACE}
     */
    public Reservation reserve(long blocks, SpacePurpose purpose, boolean nowait) throws HoldfastException {
        return reserve(blocks, purpose, nowait, reclaimer);
    }

    /** Reserves blocks for changed items; the caller may hold the locks of the namespace and of a file's record. */
    public Reservation reserveForItems(long blocks, SpacePurpose purpose) throws HoldfastException {
        return reserve(blocks, purpose, false, checkpoints);
    }

    private Reservation reserve(long blocks, SpacePurpose purpose, boolean nowait, Reclaimer by)
            throws HoldfastException {
        // Asked before the first attempt: else space freed in between would be missed.
        boolean more = reaping.getAsBoolean();
        for (int attempt = 0; ; attempt++) {
            SpaceAnswer answer = nowait
                    ? space.reserve(blocks, purpose)
                    : space.discardable().reservePatiently(blocks, purpose);
            if (answer == SpaceAnswer.RESERVED) {
                return new Reservation(space, blocks);
            }
            if (answer == SpaceAnswer.DISCARDING) {
                throw new WouldBlockException(volume + ": waiting for a discard to end would block");
            }
            more |= attempt == 0 && answer == SpaceAnswer.FULL_FOR_NOW;
            if (!more || attempt == ATTEMPTS_MAX) {
                throw full();
            }
            if (nowait) {
                throw new WouldBlockException(volume + ": waiting for a checkpoint to free space would block");
            }
            ThrottleEvent event = new ThrottleEvent();
            event.begin();
            more = by.reclaim();
            event.ended(ThrottleEvent.Cause.SPACE);
        }
    }

    /** Makes the error; names what keeps blocks from being allocated where that is not the files alone. */
    private HoldfastException full() {
        return space.closedBecause()
                .map(why -> new HoldfastException(
                        ErrorCode.NO_SPACE,
                        "%s: no block is free where it can be read which blocks are; run check, and then 'check --repair', or delete files to make room; what cannot be read: %s"
                                .formatted(volume, why.getMessage()),
                        why))
                .orElseGet(() -> new HoldfastException(
                        ErrorCode.NO_SPACE, volume + ": the volume is full; delete files or punch holes to make room"));
    }
}
