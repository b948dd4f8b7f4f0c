package io.holdfast.space;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;

/**
 * Reserves space, and on a full volume waits for a checkpoint to free what is dead before it says that there is none.
 */
public final class SpaceReserver {
    private static final int ATTEMPTS_MAX = 64;

    private final SpaceManager space;
    private final String volume;
    private volatile Reclaimer reclaimer = () -> false;

    /** Turns dead blocks into free ones. */
    public interface Reclaimer {
        /**
         * Writes back what is dirty, writes a checkpoint and waits for both.
         *
         * @return whether more may come free by calling it again
         */
        boolean reclaim() throws HoldfastException;
    }

    public SpaceReserver(SpaceManager space, String volume) {
        this.space = space;
        this.volume = volume;
    }

    public void setReclaimer(Reclaimer newReclaimer) {
        reclaimer = newReclaimer;
    }

    /**
     * Reserves blocks.
     *
     * @param nowait throw {@code WOULD_BLOCK} in place of waiting for a checkpoint
     * @throws HoldfastException {@code NO_SPACE}
     */
    public void reserve(long blocks, SpaceManager.Purpose purpose, boolean nowait) throws HoldfastException {
        boolean more = space.checkpointMayHelp();
        for (int attempt = 0; !space.tryReserve(blocks, purpose); attempt++) {
            if (!more || attempt == ATTEMPTS_MAX) {
                throw new HoldfastException(
                        ErrorCode.NO_SPACE, volume + ": the volume is full; delete files or punch holes to make room");
            }
            if (nowait) {
                throw new HoldfastException(
                        ErrorCode.WOULD_BLOCK, volume + ": waiting for a checkpoint to free space would block");
            }
            more = reclaimer.reclaim();
        }
    }
}
