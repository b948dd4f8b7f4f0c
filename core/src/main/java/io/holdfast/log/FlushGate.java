package io.holdfast.log;

import io.holdfast.device.Device;
import io.holdfast.error.HoldfastException;
import io.holdfast.failure.FailureLatch;
import io.holdfast.failure.HostRoom;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import java.util.PriorityQueue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Knows which records are written and which are durable, and shares one device flush among all callers that wait for
 * one.
 *
 * <p>Invariants: {@code durable <= written <= placed}. Every record up to {@code written} is completely on the device;
 * {@code durable} grows only after a device flush, to the value that {@code written} had when the flush began (guard
 * {@code FLUSH_COVERS}). After a failure neither grows.
 */
final class FlushGate {
    private final Device device;
    private final FailureLatch latch;
    private final HostRoom room;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final PriorityQueue<Long> outOfOrder = new PriorityQueue<>();
    private long written;
    private long durable;
    private boolean flushing;

    /** @param start sequence number of the last record before this log began; it counts as durable */
    FlushGate(Device device, FailureLatch latch, HostRoom room, long start) {
        this.device = device;
        this.latch = latch;
        this.room = room;
        written = start;
        durable = start;
        latch.onFailure(this::wakeAll);
        room.onChange(this::wakeAll);
    }

    long durable() {
        lock.lock();
        try {
            return durable;
        } finally {
            lock.unlock();
        }
    }

    /** Returns the last record before which every record is completely on the device. */
    long written() {
        lock.lock();
        try {
            return written;
        } finally {
            lock.unlock();
        }
    }

    /** Says that a record is completely on the device. */
    void written(long sequence) {
        lock.lock();
        try {
            outOfOrder.add(sequence);
            while (!outOfOrder.isEmpty() && outOfOrder.peek() == written + 1) {
                outOfOrder.poll();
                written++;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until every record up to {@code sequence} is durable, flushing the device if nobody else does.
     *
     * @throws HoldfastException {@code NO_SPACE} if it would have to wait for room on the host; a later call may
     *     succeed
     */
    void awaitDurable(long sequence) throws HoldfastException {
        while (true) {
            long covered;
            lock.lock();
            try {
                while (durable < sequence && (flushing || written < sequence)) {
                    latch.check();
                    // A record may be waiting for room; the caller can ask for its flush again.
                    room.check();
                    changed.awaitUninterruptibly();
                }
                latch.check();
                if (durable >= sequence) {
                    return;
                }
                flushing = true;
                covered = written;
            } finally {
                lock.unlock();
            }
            flushCovering(covered);
        }
    }

    private void flushCovering(long covered) throws HoldfastException {
        boolean flushed = false;
        try {
            latch.check();
            device.flush();
            Inject.at(Point.FLUSH_DONE);
            flushed = true;
        } catch (HoldfastException | RuntimeException | Error e) {
            throw latch.fail(e);
        } finally {
            lock.lock();
            try {
                flushing = false;
                if (flushed) {
                    durable = Math.max(durable, Inject.off(Guard.FLUSH_COVERS) ? written : covered);
                }
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    private void wakeAll() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
