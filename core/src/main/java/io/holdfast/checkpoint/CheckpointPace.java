package io.holdfast.checkpoint;

import io.holdfast.mapping.BlockMap;
import io.holdfast.mapping.ChangeBudget;
import java.util.Collection;

/**
 * How far a checkpoint is. Lets writers go on as it proceeds, and gives it up when it is late. Used by the thread that
 * writes the checkpoint.
 */
final class CheckpointPace {
    /** So many nodes are written between two looks at those who wait. */
    private static final int STEP = 16;

    private final ChangeBudget budget;
    private final Runnable checkTime;
    private final Runnable moved;
    private final long all;
    private long done;

    /**
     * @param checkTime ends the checkpoint by throwing
     * @param moved called when writers who wait may go on; must not wait
     */
    CheckpointPace(ChangeBudget budget, Collection<BlockMap> maps, Runnable checkTime, Runnable moved) {
        this.budget = budget;
        this.checkTime = checkTime;
        this.moved = moved;
        long nodes = 0;
        for (BlockMap map : maps) {
            nodes += map.frozen().nodes();
        }
        this.all = Math.max(1, nodes);
    }

    /** Says that a node is about to be written. */
    void node() {
        checkTime.run();
        done++;
        if (done % STEP == 0 && done <= all) {
            budget.advance(done, all);
            moved.run();
        }
    }

    /** Says that all maps are written. */
    void mapsWritten() {
        checkTime.run();
        budget.mapsWritten();
        moved.run();
    }
}
