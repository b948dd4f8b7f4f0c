package io.holdfast.engine;

import io.holdfast.concurrent.Threads;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.failure.HostRoom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Makes durable all that was acknowledged, while no call of the volume runs and before any of its threads is stopped. So the volume can go on if that is refused.
 *
 * <p>A record that has its place in the log cannot be refused any more: it waits for room on the host, for as long as that takes. So a thread of its own does the work, and
 * calls run again as soon as anything waits. Used once, by one thread.
 */
final class Securing {
    /** How often it is looked whether anything waits for room. */
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private final Layers volume;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private boolean ended;
    private @Nullable Throwable failure;

    Securing(Layers volume) {
        this.volume = volume;
    }

    /**
     * Does it. Called within {@link VolumeLife#replace}.
     *
     * @throws HoldfastException {@code NO_SPACE} if the host is full: then calls may run again already, and the volume is as it was; {@code FAILED} if the device has failed,
     *     which is latched
     */
    void run() throws HoldfastException {
        AcknowledgedChanges.Marks marks = volume.life().changes().marks();
        Thread thread = Threads.start("holdfast-secure", this::sync);
        boolean waited = !awaitEndOrWait();
        if (waited) {
            volume.life().letCallsRun();
        }
        Threads.join(thread);
        throwFailure();
        volume.life().changes().flushed(marks);
        if (waited) {
            throw noRoom(volume);
        }
    }

    /** Returns the error for a volume whose host is full. */
    static HoldfastException noRoom(Layers volume) {
        return new HoldfastException(
                ErrorCode.NO_SPACE,
                volume.device().name()
                        + ": the file system that it lies on is full, so no checkpoint can be written; nothing was repaired, make room there first");
    }

    private void sync() {
        Throwable thrown = null;
        try {
            volume.files().sync();
        } catch (HoldfastException | RuntimeException | Error e) {
            thrown = e;
        }
        lock.lock();
        try {
            failure = thrown;
            ended = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Returns false if it has not ended, and something waits for room on the host. */
    private boolean awaitEndOrWait() {
        HostRoom room = volume.state().room();
        boolean interrupted = false;
        lock.lock();
        try {
            while (!ended && !room.isAwaited()) {
                try {
                    volume.environment().timing().await(lock, changed, LOOK_NANOS);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            return ended;
        } finally {
            lock.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void throwFailure() throws HoldfastException {
        Throwable thrown;
        lock.lock();
        try {
            thrown = failure;
        } finally {
            lock.unlock();
        }
        switch (thrown) {
            case null -> {}
            case HoldfastException e -> throw e;
            case Error e -> throw volume.life().failedBy(e);
            case RuntimeException e -> throw e;
            default -> throw new IllegalStateException(thrown);
        }
    }
}
