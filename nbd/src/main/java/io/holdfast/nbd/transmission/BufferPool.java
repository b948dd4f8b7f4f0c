package io.holdfast.nbd.transmission;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The payload memory of all connections of a server.
 *
 * <p>Invariants: {@code allocated}, which counts the memory of slices lent and slices free, never exceeds the limit;
 * slices have one of the sizes of {@link #CLASSES}. Nobody waits here: when nothing is left the caller goes on in small
 * steps with memory of its own, so that a client that does not read its replies cannot stop the others.
 */
public final class BufferPool {
    private static final int[] CLASSES = {4 << 10, 16 << 10, 64 << 10, 256 << 10, Slice.MAX};

    private final long limit;
    private final ReentrantLock lock = new ReentrantLock();
    private final List<ArrayDeque<Slice>> free = new ArrayList<>();
    private long allocated;

    public BufferPool(long limit) {
        this.limit = limit;
        for (int ignored : CLASSES) {
            free.add(new ArrayDeque<>());
        }
    }

    /** Returns memory for {@code bytes}, at least 1, or null if there is none now. */
    @Nullable
    Lease tryLease(int bytes) {
        List<Slice> slices = new ArrayList<>(bytes / Slice.MAX + 1);
        lock.lock();
        try {
            for (int rest = bytes; rest > 0; rest -= Slice.MAX) {
                Slice slice = take(classOf(rest));
                if (slice == null) {
                    giveBack(slices);
                    return null;
                }
                slices.add(slice);
            }
        } finally {
            lock.unlock();
        }
        return new Lease(slices, bytes, this::giveBack);
    }

    private @Nullable Slice take(int sizeClass) {
        Slice slice = free.get(sizeClass).pollLast();
        if (slice == null && makeRoom(Slice.footprint(CLASSES[sizeClass]))) {
            try {
                slice = Slice.allocate(CLASSES[sizeClass]);
                allocated += Slice.footprint(slice.capacity());
            } catch (OutOfMemoryError e) {
                // As if the limit were reached: the caller goes on in small steps.
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
            for (Slice slice : slices) {
                free.get(classOf(slice.capacity())).addLast(slice);
            }
        } finally {
            lock.unlock();
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
