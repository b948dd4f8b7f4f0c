package io.holdfast.door;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The payload memory of all connections of a server.
 *
 * <p>Invariants: {@code allocated}, which counts both lent and free slices, never exceeds the limit; each slice has one
 * of the sizes of {@link #CLASSES}. Nobody waits here. When the pool is empty the caller goes on in small steps with
 * memory of its own, so a client that does not read its replies cannot stop the others. An OutOfMemoryError in here
 * does not break the accounting: {@code free} stays consistent, and a slice that it cannot keep is no longer counted.
 */
public final class PayloadPool {
    private static final int[] CLASSES = {4 << 10, 16 << 10, 64 << 10, 256 << 10, Slice.MAX};

    private final long limit;
    private final ReentrantLock lock = new ReentrantLock();
    private final List<ConcurrentLinkedDeque<Slice>> free = new ArrayList<>();
    private final IntFunction<Slice> memory;
    private final Consumer<List<Slice>> giveBack = this::giveBack;
    private long allocated;
    private long lent;

    public PayloadPool(long limit) {
        this(limit, Slice::allocate);
    }

    public PayloadPool(long limit, IntFunction<Slice> memory) {
        this.limit = limit;
        this.memory = memory;
        for (int ignored : CLASSES) {
            free.add(new ConcurrentLinkedDeque<>());
        }
    }

    /** Returns memory for {@code bytes}, at least 1, or null if there is none now. */
    @Nullable
    public Lease tryLease(int bytes) {
        // Allocate everything before taking a slice: an OutOfMemoryError after that would lose the slice.
        List<Slice> slices = new ArrayList<>(bytes / Slice.MAX + 1);
        Lease lease = new Lease(slices, bytes, giveBack);
        boolean complete = false;
        lock.lock();
        try {
            for (int rest = bytes; rest > 0; rest -= Slice.MAX) {
                Slice slice = take(classOf(rest));
                if (slice == null) {
                    return null;
                }
                slices.add(slice);
                lent += slice.capacity();
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

    /** Returns how many bytes are lent at the moment. */
    public long lent() {
        lock.lock();
        try {
            return lent;
        } finally {
            lock.unlock();
        }
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
                allocated -= Slice.footprint(free.get(i).removeFirst().capacity());
            }
        }
        return allocated + bytes <= limit;
    }

    private void giveBack(List<Slice> slices) {
        lock.lock();
        try {
            for (int i = 0; i < slices.size(); i++) {
                Slice slice = slices.get(i);
                lent -= slice.capacity();
                keep(slice);
            }
        } finally {
            lock.unlock();
        }
    }

    private void keep(Slice slice) {
        try {
            free.get(classOf(slice.capacity())).addLast(slice);
        } catch (OutOfMemoryError e) {
            allocated -= Slice.footprint(slice.capacity());
        }
    }

    private static int classOf(int bytes) {
        int i = 0;
        while (i < CLASSES.length - 1 && CLASSES[i] < bytes) {
            i++;
        }
        return i;
    }
}
