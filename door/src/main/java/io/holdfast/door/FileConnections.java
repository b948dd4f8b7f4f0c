package io.holdfast.door;

import io.holdfast.concurrent.Timing;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * Which connections serve which file, by its inode number.
 *
 * <p>Invariant: once {@link #enter} has returned, a connection that was accepted earlier and whose client has closed
 * it makes no further change to the file ({@link ChangeGate}). That holds also for a connection that is registered later,
 * because its handshake took long.
 */
public final class FileConnections {
    /** A change that takes longer than this is stuck in the device. */
    private static final long WAIT_NANOS_MAX = TimeUnit.SECONDS.toNanos(60);

    private final Timing timing;
    private final ReentrantLock lock = new ReentrantLock();
    /** The connections of a file are in the order in which they came, so a simulation can repeat a run. */
    private final Map<Long, Set<ChangeGate>> gates = new HashMap<>();
    /** How many connections have been registered so far. */
    private long arrivals;

    public FileConnections(Timing timing) {
        this.timing = timing;
    }

    private record Before(ChangeGate gate, long period) {}

    /** Returns a mark for {@link #enter}, to be taken when a connection is accepted. */
    public long mark() {
        lock.lock();
        try {
            return arrivals;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Registers a connection, then waits for the changes that earlier connections have begun.
     *
     * @param accepted the mark of the time when the connection was accepted
     * @param stopping ends the waiting early
     * @throws IOException if those changes have not ended within a minute; the caller must not serve the connection
     *     then
     */
    public void enter(long inode, ChangeGate gate, long accepted, BooleanSupplier stopping) throws IOException {
        List<Before> all = new ArrayList<>();
        lock.lock();
        try {
            Set<ChangeGate> others = gates.computeIfAbsent(inode, _ -> new LinkedHashSet<>());
            others.forEach(other -> all.add(new Before(other, other.succeed())));
            others.add(gate);
            if (arrivals != accepted) {
                // Another client may have come since this one left: nobody has told this gate.
                gate.lookFirst();
            }
            arrivals++;
        } finally {
            lock.unlock();
        }
        Inject.at(Point.SUCCESSOR_CAME);
        if (Inject.off(Guard.SUCCESSOR_AWAITS)) {
            return;
        }
        long end = timing.nanoTime() + WAIT_NANOS_MAX;
        try {
            for (Before before : all) {
                while (!before.gate().awaitPeriod(before.period(), ChangeGate.STEP_NANOS) && !stopping.getAsBoolean()) {
                    if (timing.nanoTime() - end > 0) {
                        throw new IOException("changes of an earlier connection to the file have not ended in "
                                + TimeUnit.NANOSECONDS.toSeconds(WAIT_NANOS_MAX) + " s");
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    public void leave(long inode, ChangeGate gate) {
        lock.lock();
        try {
            Set<ChangeGate> others = gates.get(inode);
            if (others != null && others.remove(gate) && others.isEmpty()) {
                gates.remove(inode);
            }
        } finally {
            lock.unlock();
        }
    }
}
