package io.holdfast.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A ring and the thread that runs it: it submits what other threads ask for, as soon as they do and as many at once as
 * have come meanwhile, and wakes each of them when its operation is complete.
 *
 * <p>Why not let each caller submit for itself, and save a change of threads? The kernel completes operations in the
 * context of the thread that submitted them: it would interrupt the carriers of virtual threads for that; and what a
 * thread has under way may fail when that thread ends (axboe/liburing#1595), as idle carriers do.
 *
 * <p>Invariants: the ring is used by its thread alone. Nobody's {@link #run} returns before the kernel is done with the
 * operation. Should the ring itself fail, which only a defect can bring about, what the kernel has not taken yet fails,
 * and so does all that comes later; who waits for what it did take goes on waiting, since its memory may still be used.
 */
final class RingThread implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(RingThread.class.getName());
    /** Enough for what waits at a time: threads, or reads of many pieces. */
    private static final int ENTRIES = 512;
    /** One entry is for the reading of the event descriptor. */
    private static final int REQUESTS_MAX = ENTRIES - 1;

    private static final long WAKE_UP = -1;

    private final Syscalls syscalls;
    private final RequestQueue queue = new RequestQueue();
    private final RequestSlots slots = new RequestSlots(REQUESTS_MAX);
    private final CompletableFuture<Void> started = new CompletableFuture<>();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final Arena arena = Arena.ofShared();
    /** Where the kernel puts the number of the event descriptor. */
    private final MemorySegment event = arena.allocate(Long.BYTES, Long.BYTES);

    private final int eventDescriptor;
    private final Runnable handedOn;
    private boolean anyEnded;
    private volatile boolean closed;
    private volatile @Nullable Throwable failure;
    private boolean mustListen = true;

    private RingThread(Syscalls syscalls, int eventDescriptor, Runnable handedOn) {
        this.syscalls = syscalls;
        this.eventDescriptor = eventDescriptor;
        this.handedOn = handedOn;
    }

    /**
     * Starts a ring, or throws what the kernel has against it.
     *
     * @param handedOn called after the ends of operations that nobody waits for were told, once for all that had ended
     *     together
     */
    static RingThread start(Syscalls syscalls, String name, Runnable handedOn) throws SystemCallException {
        RingThread ring = new RingThread(syscalls, syscalls.eventDescriptor(), handedOn);
        try {
            Thread.ofPlatform().daemon().name("holdfast-ring-" + name).start(ring::work);
        } catch (OutOfMemoryError e) {
            ring.free();
            throw new SystemCallException(Errno.EAGAIN, "no thread for a ring");
        }
        try {
            ring.started.join();
            return ring;
        } catch (CompletionException e) {
            ring.ended.join();
            ring.free();
            if (e.getCause() instanceof SystemCallException cause) {
                throw cause;
            }
            throw e;
        }
    }

    /**
     * Runs one operation on a file, and returns when the kernel is done with it. Waits for its turn if there are many.
     *
     * @return what the system call would have returned, an error negated
     * @throws ClosedChannelException after {@link #close}
     */
    int run(byte opcode, int descriptor, long address, int length, long offset, int flags) throws IOException {
        Request request = slots.take();
        try {
            request.begin();
            request.opcode = opcode;
            request.descriptor = descriptor;
            request.address = address;
            request.length = length;
            request.offset = offset;
            request.flags = flags;
            switch (queue.push(request)) {
                case QUEUED -> {}
                case WAKE -> syscalls.signal(eventDescriptor);
                case REFUSED -> throw refusal();
            }
            return request.await();
        } finally {
            slots.giveBack(request);
        }
    }

    /**
     * Begins an operation that no thread waits for.
     *
     * @param ended told on the ring's thread what the system call would have returned; must neither wait nor throw
     * @return false if there are too many under way, or the ring was closed or has failed
     */
    boolean start(byte opcode, int descriptor, long address, int length, long offset, IntConsumer ended) {
        Request request = slots.tryTake();
        if (request == null) {
            return false;
        }
        request.ended = ended;
        request.opcode = opcode;
        request.descriptor = descriptor;
        request.address = address;
        request.length = length;
        request.offset = offset;
        request.flags = 0;
        switch (queue.push(request)) {
            case QUEUED -> {}
            case WAKE -> syscalls.signal(eventDescriptor);
            case REFUSED -> {
                request.ended = null;
                slots.giveBack(request);
                return false;
            }
        }
        return true;
    }

    private IOException refusal() {
        Throwable cause = failure;
        return cause == null || closed
                ? new ClosedChannelException()
                : new IOException("io_uring has failed: " + cause.getMessage(), cause);
    }

    /** Waits for what is under way, and ends the thread. Closing twice is harmless. */
    @Override
    public void close() throws SystemCallException {
        if (closed) {
            return;
        }
        slots.takeAll();
        try {
            if (closed) {
                return;
            }
            closed = true;
            queue.close();
            syscalls.signal(eventDescriptor);
            ended.join();
            free();
        } finally {
            // Whoever comes late finds the queue closed.
            slots.giveBackAll();
        }
    }

    private void free() throws SystemCallException {
        arena.close();
        syscalls.close(eventDescriptor);
    }

    private void work() {
        try (Ring ring = Ring.open(syscalls, ENTRIES)) {
            started.complete(null);
            while (!queue.isClosed()) {
                turn(ring);
            }
        } catch (Throwable e) {
            if (!started.completeExceptionally(e)) {
                fail(e);
            }
        } finally {
            ended.complete(null);
        }
    }

    /** One entry into the kernel: with everything that has come, and to wait if nothing more has. */
    private void turn(Ring ring) throws SystemCallException {
        if (mustListen) {
            mustListen = false;
            ring.prepare(Ring.READ, eventDescriptor, event.address(), Long.BYTES, 0, 0, WAKE_UP);
        }
        for (Request request = queue.takeAll(); request != null; request = request.next) {
            ring.prepare(
                    request.opcode,
                    request.descriptor,
                    request.address,
                    request.length,
                    request.offset,
                    request.flags,
                    request.slot);
        }
        ring.enter(queue.sleep());
        ring.reap(this::completed);
        if (anyEnded) {
            anyEnded = false;
            guarded(handedOn);
        }
    }

    private void completed(long userData, int result) {
        if (userData == WAKE_UP) {
            mustListen = true;
            if (result < 0 && result != -Errno.EINTR && result != -Errno.EAGAIN) {
                throw new IllegalStateException("no event can be read: error " + -result);
            }
        } else {
            end(slots.at((int) userData), result);
        }
    }

    private void end(Request request, int result) {
        IntConsumer ended = request.ended;
        if (ended == null) {
            request.complete(result);
            return;
        }
        request.ended = null;
        anyEnded = true;
        guarded(() -> ended.accept(result));
        // Only now: who closes the ring waits for all of them, and for what they lead to.
        slots.giveBack(request);
    }

    /** A defect in what one operation leads to must not keep the others from ending. */
    private static void guarded(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            LOG.log(System.Logger.Level.ERROR, "what follows from a read has failed", e);
        }
    }

    private void fail(Throwable cause) {
        failure = cause;
        LOG.log(System.Logger.Level.ERROR, "io_uring has failed", cause);
        Request request = queue.close();
        while (request != null) {
            Request next = request.next;
            end(request, -Errno.ECANCELED);
            request = next;
        }
    }
}
