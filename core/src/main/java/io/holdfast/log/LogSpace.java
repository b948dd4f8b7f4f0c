package io.holdfast.log;

import io.holdfast.space.Run;
import io.holdfast.space.SpaceManager;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * The runs of blocks that the log is written to. Guarded by the log's lock.
 *
 * <p>Invariant: the blocks of {@code runs} are leased from the {@link SpaceManager} and not used yet.
 */
final class LogSpace {
    private final SpaceManager space;
    private final ArrayDeque<Run> runs = new ArrayDeque<>();
    private long available;

    LogSpace(SpaceManager space) {
        this.space = space;
    }

    /** Leases until there are {@code blocks} blocks; false if the volume has no more, and then nothing is lost. */
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

    /**
     * Takes blocks in the order they lie in the runs.
     *
     * @param promised how many of them were reserved before
     */
    List<Run> take(long blocks, long promised) {
        if (available < blocks) {
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
            }
            left -= n;
        }
        available -= blocks;
        space.consume(blocks, promised);
        return taken;
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
