package io.holdfast.linux;

import io.holdfast.device.DeviceReads;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One operation on its way through a ring, and the thread that waits for it. Requests are reused.
 *
 * <p>Invariants: the fields that describe the operation belong to the waiting thread until the request is pushed, and
 * then to the ring's thread until it calls {@link #complete}. So the memory of the operation stays valid until the
 * kernel is done with it.
 */
final class Request {
    /** Identifies the request in its completion; also its index in {@link RequestSlots}. */
    final int slot;

    /** So many pieces of memory one operation may have. */
    static final int PIECES_MAX = DeviceReads.PARTS_MAX;

    private static final int PIECE_BYTES = 16;

    byte opcode;
    int descriptor;
    long address;
    int length;
    long offset;
    /** Of the operation, {@code rw_flags} or {@code fsync_flags}. */
    int flags;

    /** In {@link RequestQueue}, the request pushed before this one. */
    @Nullable
    Request next;

    /** Receives the result, if set; then no thread waits for it. */
    @Nullable
    IntConsumer ended;

    /** Addresses and lengths of the pieces: {@code struct iovec} of {@code <sys/uio.h>}. Made when first needed. */
    private @Nullable MemorySegment pieces;

    private @Nullable Thread waiter;
    private int result;
    private volatile boolean done;

    Request(int slot) {
        this.slot = slot;
    }

    /**
     * Lists pieces of memory for the kernel; returns the address of the list.
     *
     * @param arena where the list lives
     */
    long list(MemorySegment[] memory, Arena arena) {
        MemorySegment list = pieces;
        if (list == null) {
            list = arena.allocate((long) PIECES_MAX * PIECE_BYTES, Long.BYTES);
            pieces = list;
        }
        for (int i = 0; i < memory.length; i++) {
            list.set(ValueLayout.JAVA_LONG, (long) i * PIECE_BYTES, memory[i].address());
            list.set(ValueLayout.JAVA_LONG, (long) i * PIECE_BYTES + Long.BYTES, memory[i].byteSize());
        }
        return list.address();
    }

    /** Makes the calling thread the waiting thread. */
    void begin() {
        ended = null;
        waiter = Thread.currentThread();
        done = false;
    }

    /**
     * Waits for the result. An interrupt does not end the wait, since the kernel still uses the memory; it is restored
     * afterwards.
     */
    int await() {
        boolean interrupted = false;
        while (!done) {
            LockSupport.park(this);
            // Clear the flag: while it is set, park returns at once.
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
