package io.holdfast.linux;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Requests on their way from any thread to the ring's thread, and whether the ring's thread sleeps. Lock-free.
 * {@link RequestSlots} bounds the number of requests.
 *
 * <p>Invariants: {@link #newest} is null, one of two marks, or the request pushed last, which links to those before it.
 * A thread whose push replaces the mark {@link #SLEEPING} must wake the ring's thread. The others need not, since the
 * ring's thread looks here before it sleeps. The mark {@link #CLOSED} is never replaced.
 */
final class RequestQueue {
    /** The outcome of a push. */
    enum Pushed {
        /** The ring's thread is about to take it. */
        QUEUED,
        /** The ring's thread must be woken. */
        WAKE,
        /** The queue was closed; nothing was pushed. */
        REFUSED
    }

    private static final Request SLEEPING = new Request(-1);
    private static final Request CLOSED = new Request(-1);

    private final AtomicReference<@Nullable Request> newest = new AtomicReference<>();

    Pushed push(Request request) {
        Request now = newest.get();
        while (true) {
            if (now == CLOSED) {
                return Pushed.REFUSED;
            }
            request.next = now == SLEEPING ? null : now;
            Request seen = newest.compareAndExchange(now, request);
            if (seen == now) {
                return now == SLEEPING ? Pushed.WAKE : Pushed.QUEUED;
            }
            now = seen;
        }
    }

    /** Takes all requests as a linked list, oldest first. For the ring's thread, while it is awake. */
    @Nullable
    Request takeAll() {
        Request now = newest.get();
        while (now != CLOSED) {
            Request seen = newest.compareAndExchange(now, null);
            if (seen == now) {
                return now == SLEEPING ? null : oldestFirst(now);
            }
            now = seen;
        }
        return null;
    }

    /**
     * Announces that the ring's thread goes to sleep; returns false if it must not, because there is something to do.
     */
    boolean sleep() {
        return newest.compareAndSet(null, SLEEPING);
    }

    /** Refuses all further requests; returns those that are left, oldest first. */
    @Nullable
    Request close() {
        Request left = newest.getAndSet(CLOSED);
        return left == SLEEPING || left == CLOSED ? null : oldestFirst(left);
    }

    boolean isClosed() {
        return newest.get() == CLOSED;
    }

    private static @Nullable Request oldestFirst(@Nullable Request last) {
        Request first = null;
        for (Request request = last; request != null; ) {
            Request before = request.next;
            request.next = first;
            first = request;
            request = before;
        }
        return first;
    }
}
