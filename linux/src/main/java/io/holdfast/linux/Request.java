package io.holdfast.linux;

import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One operation on its way through a ring, and the thread that waits for it. Used again and again.
 *
 * <p>Invariants: the fields that describe the operation belong to the waiting thread until the request is pushed, then
 * to the ring's thread until it is {@link #complete}; so the memory it names is not let go before the kernel is done.
 */
final class Request {
    /** What a completion names the request by; also its place among the {@link RequestSlots}. */
    final int slot;

    byte opcode;
    int descriptor;
    long address;
    int length;
    long offset;
    /** Of the operation, {@code rw_flags} or {@code fsync_flags}. */
    int flags;

    /** The one pushed before, in {@link RequestQueue}. */
    @Nullable
    Request next;

    /** Told of the end instead of a thread that waits, if there is one. */
    @Nullable
    IntConsumer ended;

    private @Nullable Thread waiter;
    private int result;
    private volatile boolean done;

    Request(int slot) {
        this.slot = slot;
    }

    /** Makes the calling thread the one that waits. */
    void begin() {
        ended = null;
        waiter = Thread.currentThread();
        done = false;
    }

    /** Waits for the result. An interrupt is kept for later: the kernel cannot be told to forget the memory. */
    int await() {
        boolean interrupted = false;
        while (!done) {
            LockSupport.park(this);
            // A park returns at once while this is set.
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return result;
    }

    /** Hands over the result. The request may be in use for the next operation when this returns. */
    void complete(int with) {
        Thread thread = waiter;
        result = with;
        done = true;
        LockSupport.unpark(thread);
    }
}
