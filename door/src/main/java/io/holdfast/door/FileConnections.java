package io.holdfast.door;

import io.holdfast.concurrent.Timing;
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
 * <p>Invariant: once {@link #enter} has returned, a connection that was registered earlier and whose client has closed
 * it makes no further change to the file ({@link ChangeGate}).
 */
public final class FileConnections {
    /** A change that takes longer than this is stuck in the device. */
    private static final long WAIT_NANOS_MAX = TimeUnit.SECONDS.toNanos(60);

    private final Timing timing;
    private final ReentrantLock lock = new ReentrantLock();
    /** The connections of a file are in the order in which they came, so a simulation can repeat a run. */
    private final Map<Long, Set<ChangeGate>> gates = new HashMap<>();

    public FileConnections(Timing timing) {
        this.timing = timing;
    }

    private record Before(ChangeGate gate, long period) {}

    /**
     * Registers a connection, then waits for the changes that earlier connections have begun.
     *
     * @param stopping ends the waiting early
     * @throws IOException if those changes have not ended within a minute; the caller must not serve the connection
     *     then
     */
    public void enter(long inode, ChangeGate gate, BooleanSupplier stopping) throws IOException {
        List<Before> all = new ArrayList<>();
        lock.lock();
        try {
            Set<ChangeGate> others = gates.computeIfAbsent(inode, _ -> new LinkedHashSet<>());
            others.forEach(other -> all.add(new Before(other, other.succeed())));
            others.add(gate);
        } finally {
            lock.unlock();
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
