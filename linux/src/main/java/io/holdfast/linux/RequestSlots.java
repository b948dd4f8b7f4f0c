package io.holdfast.linux;

import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A fixed number of requests, which bounds what is under way in a ring. Taking one waits until one is free; whoever has
 * one never waits for a second one, so the wait ends.
 *
 * <p>Invariants: a request is out or on the stack of free ones. The stack's head, {@link #free}, counts its changes in
 * the upper half, so that a thread which was late sees that the stack is no longer the one it looked at.
 */
final class RequestSlots {
    private static final long SLOT = 0xFFFF_FFFFL;
    private static final long CHANGE = 1L << 32;

    private final Request[] requests;
    /** The free slot below each free one, plus one; 0 at the bottom. */
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

    /** Returns the request that a completion names. */
    Request at(int slot) {
        return requests[slot];
    }

    Request take() {
        permits.acquireUninterruptibly();
        return pop();
    }

    /** Returns a request, or null if all are out. */
    @Nullable
    Request tryTake() {
        return permits.tryAcquire() ? pop() : null;
    }

    private Request pop() {
        while (true) {
            long now = free.get();
            int top = (int) (now & SLOT);
            // Never 0: a slot is put back before its permit is.
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

    /** Waits until none is out and keeps them all. */
    void takeAll() {
        permits.acquireUninterruptibly(requests.length);
    }

    /** Gives back what {@link #takeAll} took. */
    void giveBackAll() {
        permits.release(requests.length);
    }
}
