package io.holdfast.door;

import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The payload memory of all connections of a server. Each connection takes what it needs through its {@link PayloadShare}.
 *
 * <p>Invariants: {@code allocated}, which counts slices lent and free, never exceeds the limit; each slice has one of the
 * sizes of {@link #CLASSES}. {@code lent} is the sum of what the shares hold, and {@code borrowed} the sum of what they hold
 * beyond the guaranteed part. {@link ShareRule} says what a share may hold, so a client that takes no replies cannot use up
 * the memory of the others. Nobody waits here: a caller that gets no lease goes on in small steps with the slice of its
 * share. {@code steps} counts these slices; they come on top of the limit, one for each connection. An OutOfMemoryError in
 * here does not break the accounting: {@code free} stays consistent, and a slice that it cannot keep goes back to the system.
 */
public final class PayloadPool {
    private static final int[] CLASSES = {4 << 10, 16 << 10, 64 << 10, 256 << 10, Slice.MAX};

    private final long limit;
    private final int stepClass;
    private final ShareRule rule;
    private final ReentrantLock lock = new ReentrantLock();
    private final List<ConcurrentLinkedDeque<Slice>> free = new ArrayList<>();
    private final IntFunction<Slice> memory;
    private long allocated;
    private long lent;
    private long borrowed;
    private int steps;
    private boolean closed;

    /**
     * Makes an empty pool.
     *
     * @param limit bytes of all leases together, 0 for none
     * @param connectionsMax shares in use at once, at least 1. Further ones get leases as well, but no guaranteed part
     */
    public PayloadPool(long limit, int connectionsMax) {
        this(limit, connectionsMax, Slice.MAX, Slice::allocate);
    }

    /**
     * Makes an empty pool with other steps.
     *
     * @param stepBytes the length of the slice that keeps a connection going: one of {@link #CLASSES}
     * @param memory makes a slice of so many bytes
     */
    public PayloadPool(long limit, int connectionsMax, int stepBytes, IntFunction<Slice> memory) {
        this.limit = limit;
        this.stepClass = classOf(stepBytes);
        if (CLASSES[stepClass] != stepBytes) {
            throw new IllegalArgumentException("steps of " + stepBytes + " bytes");
        }
        this.memory = memory;
        this.rule = ShareRule.of(limit, connectionsMax);
        for (int ignored : CLASSES) {
            free.add(new ConcurrentLinkedDeque<>());
        }
    }

    /** Returns the share of one more connection. */
    public PayloadShare newShare() {
        return new PayloadShare(this);
    }

    /** Returns memory for {@code bytes}, at least 1, or null if the share may not hold so much or memory is short. */
    @Nullable
    Lease tryLease(PayloadShare share, int bytes) {
        // Allocate everything before taking a slice: an OutOfMemoryError after that would lose the slice.
        List<Slice> slices = new ArrayList<>(bytes / Slice.MAX + 1);
        Lease lease = new Lease(slices, bytes, share.giveBack);
        long needed = footprint(bytes);
        boolean complete = false;
        lock.lock();
        try {
            if (!rule.allows(share.held + needed, borrowed - rule.borrowed(share.held))
                    && !Inject.off(Guard.PAYLOAD_SHARE)) {
                return null;
            }
            for (int rest = bytes; rest > 0; rest -= Slice.MAX) {
                Slice slice = take(classOf(rest));
                if (slice == null) {
                    return null;
                }
                slices.add(slice);
                hold(share, Slice.footprint(slice.capacity()));
            }
            complete = true;
            return lease;
        } finally {
            if (!complete) {
                lease.release();
            }
            lock.unlock();
        }
    }

    /** Counts memory that a share takes or, if negative, gives back. */
    private void hold(PayloadShare share, long bytes) {
        borrowed -= rule.borrowed(share.held);
        share.held += bytes;
        borrowed += rule.borrowed(share.held);
        lent += bytes;
    }

    /** Returns how many bytes of memory are lent at the moment, in leases and in the connections' own slices. */
    public long lent() {
        lock.lock();
        try {
            return lent + steps * (long) Slice.footprint(stepBytes());
        } finally {
            lock.unlock();
        }
    }

    /** Returns how many bytes a connection may hold in leases, whatever the others hold. */
    public long guaranteed() {
        return rule.guaranteed();
    }

    /** Returns how long the slice is that keeps a connection going. */
    int stepBytes() {
        return CLASSES[stepClass];
    }

    private @Nullable Slice take(int sizeClass) {
        Slice slice = free.get(sizeClass).pollLast();
        if (slice == null && makeRoom(Slice.footprint(CLASSES[sizeClass]))) {
            try {
                slice = memory.apply(CLASSES[sizeClass]);
                allocated += Slice.footprint(slice.capacity());
            } catch (OutOfMemoryError e) {
                // Treat it as if the limit were reached: the caller goes on in small steps.
                return null;
            }
        }
        return slice;
    }

    /** Drops free slices of other sizes, largest first, until {@code bytes} more may be allocated. */
    private boolean makeRoom(int bytes) {
        for (int i = CLASSES.length - 1; i >= 0; i--) {
            while (allocated + bytes > limit && !free.get(i).isEmpty()) {
                Slice dropped = free.get(i).removeFirst();
                allocated -= Slice.footprint(dropped.capacity());
                dropped.free();
            }
        }
        return allocated + bytes <= limit;
    }

    void giveBack(PayloadShare share, List<Slice> slices) {
        lock.lock();
        try {
            for (int i = 0; i < slices.size(); i++) {
                Slice slice = slices.get(i);
                hold(share, -Slice.footprint(slice.capacity()));
                keep(slice);
            }
        } finally {
            lock.unlock();
        }
    }

    private void keep(Slice slice) {
        boolean kept = false;
        try {
            if (!closed) {
                free.get(classOf(slice.capacity())).addLast(slice);
                kept = true;
            }
        } catch (OutOfMemoryError e) {
            // The list cannot grow now. The slice goes, and is made again when it is wanted.
        } finally {
            if (!kept) {
                allocated -= Slice.footprint(slice.capacity());
                slice.free();
            }
        }
    }

    /**
     * Returns a slice of {@link #stepBytes} beyond the limit.
     *
     * @throws OutOfMemoryError if there is no memory for it
     */
    Slice takeStep() {
        lock.lock();
        try {
            Slice slice = free.get(stepClass).pollLast();
            if (slice == null) {
                slice = memory.apply(stepBytes());
            } else {
                allocated -= Slice.footprint(stepBytes());
            }
            steps++;
            return slice;
        } finally {
            lock.unlock();
        }
    }

    /** Takes back what {@link #takeStep} gave. Keeps it for leases if the limit has room for it. */
    void giveBackStep(Slice slice) {
        lock.lock();
        try {
            steps--;
            if (allocated + Slice.footprint(stepBytes()) <= limit) {
                allocated += Slice.footprint(stepBytes());
                keep(slice);
            } else {
                slice.free();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Gives all memory back to the system; what is lent goes as soon as its holder releases it. */
    public void close() {
        lock.lock();
        try {
            closed = true;
            for (ConcurrentLinkedDeque<Slice> slices : free) {
                for (Slice slice = slices.pollFirst(); slice != null; slice = slices.pollFirst()) {
                    allocated -= Slice.footprint(slice.capacity());
                    slice.free();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** Returns how much memory a lease of {@code bytes} takes. */
    static long footprint(int bytes) {
        int whole = (bytes - 1) / Slice.MAX;
        return whole * (long) Slice.footprint(Slice.MAX) + Slice.footprint(CLASSES[classOf(bytes - whole * Slice.MAX)]);
    }

    private static int classOf(int bytes) {
        int i = 0;
        while (i < CLASSES.length - 1 && CLASSES[i] < bytes) {
            i++;
        }
        return i;
    }
}
