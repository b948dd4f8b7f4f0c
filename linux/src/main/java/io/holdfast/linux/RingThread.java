package io.holdfast.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A ring and its thread. The thread submits the operations that other threads ask for, all that have come since the
 * last submission at once, and wakes each caller when its operation is complete.
 *
 * <p>Why does not each caller submit for itself, which would save a thread switch? The kernel completes operations in
 * the context of the thread that submitted them, so it would interrupt the carriers of virtual threads. And operations
 * may fail when the thread that submitted them ends (axboe/liburing#1595), as idle carriers do.
 *
 * <p>Invariants: only its thread uses the ring. {@link #run} never returns before the kernel is done with the
 * operation. If the ring itself fails, which takes a defect, then all operations fail that the kernel has not accepted,
 * and all later ones. Threads whose operation the kernel has accepted go on waiting, since the kernel may still use
 * their memory. A want of memory does not make the ring fail: the next turn goes on where one stopped.
 */
final class RingThread implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(RingThread.class.getName());
    /** Enough for all operations at a time: those of waiting threads, and reads in many pieces. */
    private static final int ENTRIES = 512;
    /** One entry is for the read of the event descriptor. */
    private static final int REQUESTS_MAX = ENTRIES - 1;

    private static final long WAKE_UP = -1;
    private static final long SHORTAGE_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

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
    /** Made once: a turn must not fail for want of memory after the kernel has taken operations. */
    private final Ring.Completions completed = this::completed;

    /** Requests taken from the queue that are not in the ring yet, linked. */
    private @Nullable Request unprepared;

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
     * Starts a ring; throws if the kernel refuses it.
     *
     * @param handedOn called once after each batch of completions of operations that no thread waits for
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
     * Runs one operation on a file, and returns when the kernel is done with it. If there are too many, it waits for
     * its turn.
     *
     * @return what the system call would have returned, or a negated error number
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
            if (!pushed(request)) {
                throw refusal();
            }
            return request.await();
        } finally {
            slots.giveBack(request);
        }
    }

    /**
     * Begins an operation that no thread waits for.
     *
     * @param ended receives, on the ring's thread, what the system call would have returned; must not wait or throw
     * @return false if too many are in flight, or if the ring is closed or has failed
     */
    boolean start(byte opcode, int descriptor, long address, int length, long offset, IntConsumer ended) {
        Request request = slots.tryTake();
        if (request == null) {
            return false;
        }
        request.opcode = opcode;
        request.address = address;
        request.length = length;
        return started(request, descriptor, offset, ended);
    }

    /**
     * Does as {@link #start} for a read into several pieces of memory, which must stay alive until the end.
     *
     * @param targets at most {@link Request#PIECES_MAX}
     */
    boolean startReading(int descriptor, MemorySegment[] targets, long offset, IntConsumer ended) {
        Request request = slots.tryTake();
        if (request == null) {
            return false;
        }
        boolean listed = false;
        try {
            request.opcode = Ring.READV;
            request.address = request.list(targets, arena);
            request.length = targets.length;
            listed = true;
        } finally {
            if (!listed) {
                slots.giveBack(request);
            }
        }
        return started(request, descriptor, offset, ended);
    }

    private boolean started(Request request, int descriptor, long offset, IntConsumer ended) {
        request.ended = ended;
        request.descriptor = descriptor;
        request.offset = offset;
        request.flags = 0;
        boolean pushed = pushed(request);
        if (!pushed) {
            request.ended = null;
            slots.giveBack(request);
        }
        return pushed;
    }

    private boolean pushed(Request request) {
        return switch (queue.push(request)) {
            case QUEUED -> true;
            case WAKE -> {
                syscalls.signal(eventDescriptor);
                yield true;
            }
            case REFUSED -> false;
        };
    }

    private IOException refusal() {
        Throwable cause = failure;
        return cause == null || closed
                ? new ClosedChannelException()
                : new IOException("io_uring has failed: " + cause.getMessage(), cause);
    }

    /** Waits for the operations in flight, then ends the thread. Closing twice is harmless. */
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
            // Threads that come late find the queue closed.
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
                turnInSpiteOfShortage(ring);
            }
        } catch (Throwable e) {
            if (!started.completeExceptionally(e)) {
                fail(e);
            }
        } finally {
            ended.complete(null);
        }
    }

    private void turnInSpiteOfShortage(Ring ring) throws SystemCallException {
        try {
            turn(ring);
        } catch (OutOfMemoryError e) {
            log("memory is short for a turn of io_uring, which is tried again", e);
            LockSupport.parkNanos(SHORTAGE_PAUSE_NANOS);
        }
    }

    /**
     * Enters the kernel once: submits all queued requests, and waits for a completion if no more have come. After an
     * OutOfMemoryError the next turn does what is left.
     */
    private void turn(Ring ring) throws SystemCallException {
        if (mustListen) {
            ring.prepare(Ring.READ, eventDescriptor, event.address(), Long.BYTES, 0, 0, WAKE_UP);
            mustListen = false;
        }
        Request request = unprepared == null ? queue.takeAll() : unprepared;
        while (request != null) {
            unprepared = request;
            ring.prepare(
                    request.opcode,
                    request.descriptor,
                    request.address,
                    request.length,
                    request.offset,
                    request.flags,
                    request.slot);
            request = request.next;
        }
        unprepared = null;
        ring.enter(!anyEnded && queue.sleep());
        ring.reap(completed);
        if (anyEnded) {
            anyEnded = false;
            handOn();
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
        try {
            ended.accept(result);
        } catch (RuntimeException | Error e) {
            log("what follows from a read has failed", e);
        } finally {
            // Give the request back only now: close() waits for all requests and for their callbacks.
            slots.giveBack(request);
        }
    }

    private void handOn() {
        try {
            handedOn.run();
        } catch (RuntimeException | Error e) {
            log("what follows from a read has failed", e);
        }
    }

    /** Logs what was thrown. It must not keep the other operations from ending, and neither must the log. */
    private static void log(String what, Throwable why) {
        try {
            LOG.log(System.Logger.Level.ERROR, what, why);
        } catch (RuntimeException | Error also) {
            // The log may lack memory too.
        }
    }

    private void fail(Throwable cause) {
        failure = cause;
        log("io_uring has failed", cause);
        cancel(unprepared);
        cancel(queue.close());
    }

    private void cancel(@Nullable Request first) {
        Request request = first;
        while (request != null) {
            Request next = request.next;
            end(request, -Errno.ECANCELED);
            request = next;
        }
    }
}
