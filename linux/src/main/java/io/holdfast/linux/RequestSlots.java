package io.holdfast.linux;

import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A fixed number of requests, which bounds the operations in a ring. A thread that takes one waits until one is free.
 * No thread that has one waits for a second, so the wait ends.
 *
 * <p>Invariants: each request is either in use or on the stack of free ones. The upper half of the stack's head,
 * {@link #free}, counts its changes, so a compare-and-set based on an old state fails even if the same request is on
 * top again (the ABA problem).
 */
final class RequestSlots {
    private static final long SLOT = 0xFFFF_FFFFL;
    private static final long CHANGE = 1L << 32;

    private final Request[] requests;
    /** For each free slot the free slot below it, plus one; 0 at the bottom. */
    private final int[] below;

    /** The topmost free slot, plus one, and the count of changes. */
    private final AtomicLong free;

    private final Semaphore permits;

    RequestSlots(int count) {
        requests = new Request[count];
        below = new int[count];
        for (int slot = 0; slot < count; slot++) {
            requests[slot] = new Request(slot);
            below[slot] = slot;
        }
        free = new AtomicLong(count);
        permits = new Semaphore(count);
    }

    int count() {
        return requests.length;
    }

    /** Returns the request with this slot, which a completion carries. */
    Request at(int slot) {
        return requests[slot];
    }

    Request take() {
        permits.acquireUninterruptibly();
        return pop();
    }

    /** Returns a request, or null if all are in use. */
    @Nullable
    Request tryTake() {
        return permits.tryAcquire() ? pop() : null;
    }

    private Request pop() {
        while (true) {
            long now = free.get();
            int top = (int) (now & SLOT);
            // top is never 0: a slot is put back before its permit is.
            if (free.compareAndSet(now, ((now & ~SLOT) + CHANGE) | below[top - 1])) {
                return requests[top - 1];
            }
        }
    }

    void giveBack(Request request) {
        while (true) {
            long now = free.get();
            below[request.slot] = (int) (now & SLOT);
            if (free.compareAndSet(now, ((now & ~SLOT) + CHANGE) | (request.slot + 1))) {
                permits.release();
                return;
            }
        }
    }

    /** Waits until no request is in use, and keeps them all. */
    void takeAll() {
        permits.acquireUninterruptibly(requests.length);
    }

    /** Gives back what {@link #takeAll} took. */
    void giveBackAll() {
        permits.release(requests.length);
    }
}
