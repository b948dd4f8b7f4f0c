package io.holdfast.file;

import io.holdfast.concurrent.Threads;
import io.holdfast.concurrent.Timing;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The threads that write dirty pages back. The first one works when much is dirty, and when dirty data has come of age. The
 * others join it when even more is dirty, since a thread waits for the device most of the time. They leave some buffers of the
 * log to those who flush and to large writes.
 */
final class BackgroundWriteback {
    static final int THREADS = 5;

    /** Dirty data is written after about this time even if nobody asks. */
    private static final long AGE_NANOS_MAX = TimeUnit.SECONDS.toNanos(5);

    private final Writeback writeback;
    private final PageCache cache;
    private final FileContext.Writer writer;
    private final Timing timing;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition wake = lock.newCondition();
    private final Condition joinIn = lock.newCondition();
    private boolean wanted;
    private boolean refused;
    private boolean stopping;
    /** Whether the first thread waits; a hint. */
    private volatile boolean idle;

    /** 1: this thread waits to be asked; a hint. */
    private final AtomicIntegerArray idleHelpers = new AtomicIntegerArray(THREADS);

    private final boolean[] asked = new boolean[THREADS];
    private final List<Thread> threads = new ArrayList<>();

    BackgroundWriteback(Writeback writeback, PageCache cache, FileContext.Writer writer, Timing timing) {
        this.writeback = writeback;
        this.cache = cache;
        this.writer = writer;
        this.timing = timing;
        writer.room().onChange(this::wakeUp);
        writer.latch().onFailure(this::wakeUp);
    }

    /** Asks for pages to be written, in the background. */
    void request() {
        lock.lock();
        try {
            wanted = true;
            wake.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Asks for pages to be written if much is dirty. Cheap: a writer calls this after each write. */
    void requestIfWorth() {
        if (idle && cache.dirtyLimit().isWorthWriting(0)) {
            request();
        }
    }

    /** Asks the next thread to join one that has written something, if that is worth its work. */
    void askNext(int thread) {
        int next = thread + 1;
        if (next >= THREADS || idleHelpers.get(next) == 0 || !cache.dirtyLimit().isWorthWriting(next)) {
            return;
        }
        lock.lock();
        try {
            asked[next] = true;
            joinIn.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void start() {
        threads.add(Threads.start("holdfast-writeback", this::run));
        for (int i = 1; i < THREADS; i++) {
            int number = i;
            threads.add(Threads.start("holdfast-writeback-" + number, () -> help(number)));
        }
    }

    private void run() {
        while (true) {
            boolean all;
            lock.lock();
            try {
                if (refused) {
                    refused = false;
                    writer.room().awaitRetry(lock, wake, () -> stopping);
                } else {
                    idle = true;
                    awaitWork();
                    idle = false;
                }
                if (stopping || writer.latch().failed()) {
                    return;
                }
                all = !wanted;
                wanted = false;
            } finally {
                lock.unlock();
            }
            try {
                if (all) {
                    writeback.writeAll();
                } else {
                    writeback.writeDown(0);
                }
            } catch (HoldfastException | RuntimeException | Error e) {
                if (!isForWantOfRoom(e)) {
                    writer.latch().fail(e);
                    return;
                }
                comeAgain();
            }
        }
    }

    private void help(int number) {
        while (true) {
            lock.lock();
            try {
                idleHelpers.set(number, 1);
                // Not «while much is dirty»: all of it may be on its way to the device.
                while (!stopping
                        && !writer.latch().failed()
                        && (!asked[number] || writer.room().isMissing())) {
                    joinIn.awaitUninterruptibly();
                }
                idleHelpers.set(number, 0);
                asked[number] = false;
                if (stopping || writer.latch().failed()) {
                    return;
                }
            } finally {
                lock.unlock();
            }
            try {
                writeback.writeDown(number);
            } catch (HoldfastException | RuntimeException | Error e) {
                // For want of room the first thread tries again.
                if (!isForWantOfRoom(e)) {
                    writer.latch().fail(e);
                    return;
                }
                comeAgain();
            }
        }
    }

    private void comeAgain() {
        lock.lock();
        try {
            refused = true;
            wanted = true;
            wake.signal();
        } finally {
            lock.unlock();
        }
    }

    private void wakeUp() {
        lock.lock();
        try {
            wake.signalAll();
            joinIn.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private boolean isForWantOfRoom(Throwable thrown) {
        return thrown instanceof HoldfastException e
                && e.code() == ErrorCode.NO_SPACE
                && writer.room().isMissing();
    }

    /** Waits until there is work or dirty data has come of age. Called under the lock. */
    private void awaitWork() {
        try {
            long start = timing.nanoTime();
            long left = AGE_NANOS_MAX;
            while (!wanted && !stopping && left > 0) {
                timing.await(lock, wake, left);
                left = AGE_NANOS_MAX - (timing.nanoTime() - start);
            }
        } catch (InterruptedException e) {
            stopping = true;
        }
    }

    void stop() {
        lock.lock();
        try {
            stopping = true;
            wake.signalAll();
            joinIn.signalAll();
        } finally {
            lock.unlock();
        }
        threads.forEach(Threads::join);
    }
}
