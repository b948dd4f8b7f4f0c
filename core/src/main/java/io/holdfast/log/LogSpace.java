package io.holdfast.log;

import io.holdfast.error.HoldfastException;
import io.holdfast.space.Reservation;
import io.holdfast.space.Run;
import io.holdfast.space.SpaceManager;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The runs of blocks for the log. Guarded by the log's lock.
 *
 * <p>Invariants: the blocks of {@code runs} are leased from the {@link SpaceManager} and not used yet. The first {@code
 * backedRuns} of them are <em>backed</em>: the device has promised room for them, and records use only those.
 */
final class LogSpace {
    private final SpaceManager space;
    private final ArrayDeque<Run> runs = new ArrayDeque<>();
    private long available;
    private int backedRuns;
    private long backed;

    /** Returns whether {@link #loadAhead} should be called. Cheap. */
    boolean wantsGroups() {
        return space.wantsGroups();
    }

    /** Does as {@link SpaceManager#loadAhead}. Called without the log's lock. */
    boolean loadAhead() throws HoldfastException {
        return space.loadAhead();
    }

    LogSpace(SpaceManager space) {
        this.space = space;
    }

    /** Does as {@link SpaceManager#noBlock}. */
    HoldfastException noBlock(String otherwise) {
        return space.noBlock(otherwise);
    }

    /** Leases what is free of the two runs that a log which goes on was about to use. */
    void resume(Run current, Run spare) {
        for (Run run : List.of(current, spare)) {
            Run free = run.length() > 0 ? space.leaseAt(run) : null;
            if (free != null) {
                runs.add(free);
                available += free.length();
            }
        }
    }

    /** Leases until there are {@code blocks} blocks; returns false, with nothing lost, if no more are at hand. */
    boolean ensure(long blocks) {
        while (available < blocks || runs.size() < 2) {
            Run run = space.lease(space.runLength());
            if (run == null) {
                return available >= blocks;
            }
            runs.add(run);
            available += run.length();
        }
        return true;
    }

    /** Does as {@link #ensure}; returns whether so many blocks are backed. */
    boolean isReady(long blocks) {
        return ensure(blocks) && backed >= blocks;
    }

    /**
     * Returns whether so many blocks are backed and {@code kept} more stay. Only blocks that the device could still back
     * count as missing: on a full volume all that is leased may be used.
     */
    boolean isReadyBeside(long blocks, long kept) {
        return isReady(blocks) && (backed >= blocks + kept || !ensure(blocks + kept));
    }

    /** Returns whether so many blocks are backed, or all leased ones. */
    boolean isBackedAhead(long blocks) {
        return backed >= blocks || backedRuns == runs.size();
    }

    /** Returns the first run that is not backed, null if all are. */
    @Nullable
    Run firstUnbacked() {
        int i = 0;
        for (Run run : runs) {
            if (i++ == backedRuns) {
                return run;
            }
        }
        return null;
    }

    /** Notes that the device has room for {@link #firstUnbacked}. */
    void backed(Run run) {
        if (!run.equals(firstUnbacked())) {
            throw new IllegalStateException("not the run whose turn it is");
        }
        backedRuns++;
        backed += run.length();
    }

    /** Takes blocks in the order of the runs, without a reservation: the log's own blocks come from the slop. */
    List<Run> take(long blocks) {
        return take(blocks, Reservation.NONE, 0);
    }

    /** Takes blocks in the order of the runs, all of them from a reservation. */
    List<Run> take(long blocks, Reservation from) {
        return take(blocks, from, blocks);
    }

    private List<Run> take(long blocks, Reservation from, long promised) {
        if (backed < blocks) {
            throw new IllegalStateException("taken without ensuring");
        }
        List<Run> taken = new ArrayList<>(2);
        long left = blocks;
        while (left > 0) {
            Run run = runs.removeFirst();
            long n = Math.min(left, run.length());
            taken.add(new Run(run.start(), run.start() + n));
            if (n < run.length()) {
                runs.addFirst(new Run(run.start() + n, run.end()));
            } else {
                backedRuns--;
            }
            left -= n;
        }
        available -= blocks;
        backed -= blocks;
        space.consume(taken, from, promised);
        return taken;
    }

    /** Returns in how many pieces so many blocks would be taken now. */
    int pieces(long blocks) {
        int pieces = 0;
        long left = blocks;
        for (Run run : runs) {
            if (left <= 0) {
                break;
            }
            left -= run.length();
            pieces++;
        }
        return pieces;
    }

    /** Returns the run in use, empty if there is none. */
    Run current() {
        Run run = runs.peekFirst();
        return run == null ? new Run(0, 0) : run;
    }

    /** Returns the run that will be used next, empty if there is none. */
    Run spare() {
        int i = 0;
        for (Run run : runs) {
            if (i++ == 1) {
                return run;
            }
        }
        return new Run(0, 0);
    }
}
