package io.holdfast.check;

import io.holdfast.concurrent.Helpers;
import io.holdfast.device.BufferPool;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The threads of a check that read the device, so that it always has several reads to do. The check's thread is one of them.
 * They take less than half of the volume's buffers for metadata, so that writers and checkpoints find some.
 *
 * <p>While parts that were {@linkplain #begin begun} are being done, the check's thread may have others done by {@link #read}. It waits for these, so they go
 * first: half of the threads that have a part of the others turn to them behind it.
 *
 * <p>Used by one thread, which closes this when the check is done.
 */
final class CheckReaders implements AutoCloseable {
    /** Most reads under way at once; beyond it a disk does no more, and its other users wait longer. */
    private static final int READERS_MAX = 12;

    private final BufferPool buffers;
    private final Helpers helpers;
    private final int helpersMax;
    /** What the check's thread waits for; null if it waits for nothing. */
    private volatile @Nullable Round urgent;

    CheckReaders(BufferPool buffers) {
        this.buffers = buffers;
        this.helpersMax = Math.clamp(buffers.buffersMax() / 2 - 1, 1, READERS_MAX) - 1;
        this.helpers = new Helpers("holdfast-check", helpersMax);
    }

    /** One of the reads that are done together. */
    interface Part {
        /**
         * Reads and looks at what it has read.
         *
         * @param memory one buffer of the pool; of this call until it returns
         */
        void read(int index, MemorySegment memory);
    }

    /** Returns the most blocks of one read. */
    int blocksMax() {
        return buffers.blocksPerBuffer();
    }

    /** Does all parts, in about this order, several at a time, and returns when the last one has ended. */
    void read(int parts, Part part) {
        if (parts == 0) {
            return;
        }
        Round round = begin(parts, part, parts - 1);
        urgent = round;
        try {
            round.finish();
        } finally {
            urgent = null;
        }
    }

    /** Lets the other threads begin with parts, as many as are free; {@link Round#finish} does the rest. */
    Round begin(int parts, Part part) {
        return begin(parts, part, parts);
    }

    private Round begin(int parts, Part part, int helpersWanted) {
        Round round = new Round(parts, part);
        round.helping = helpers.offer(round::help, Math.min(helpersMax, helpersWanted));
        return round;
    }

    private int lentMax() {
        return Math.ceilDiv(helpersMax, 2);
    }

    /** Ends the threads. */
    @Override
    public void close() {
        helpers.stop();
    }

    /** The parts of one call. Thread-safe. */
    final class Round {
        private final int parts;
        private final Part part;
        private final ReentrantLock lock = new ReentrantLock();
        private final Condition done = lock.newCondition();
        private int next;
        private int helped;
        /** Of the thread that began this: how many others help. */
        private int helping;
        /** Threads of another round that do parts of this one. */
        private int lent;

        private @Nullable Throwable failure;

        private Round(int parts, Part part) {
            this.parts = parts;
            this.part = part;
        }

        /** What a helper does; it must not throw. */
        private void help() {
            try {
                work();
            } catch (RuntimeException | Error e) {
                fail(e);
            } finally {
                lock.lock();
                try {
                    helped++;
                    done.signalAll();
                } finally {
                    lock.unlock();
                }
            }
        }

        private void work() {
            int index = take();
            if (index < 0) {
                return;
            }
            MemorySegment memory = buffers.takeMemory();
            try {
                while (index >= 0) {
                    part.read(index, memory);
                    Round first = urgent;
                    if (first != null && first != this) {
                        first.lend(memory);
                    }
                    index = take();
                }
            } catch (RuntimeException | Error e) {
                fail(e);
            } finally {
                buffers.giveBackMemory(memory);
            }
        }

        /** Does parts of this round on a thread of another one, unless enough do. */
        private void lend(MemorySegment memory) {
            int index = takeLent();
            if (index < 0) {
                return;
            }
            try {
                while (index >= 0) {
                    part.read(index, memory);
                    index = take();
                }
            } catch (RuntimeException | Error e) {
                fail(e);
            } finally {
                lock.lock();
                try {
                    lent--;
                    done.signalAll();
                } finally {
                    lock.unlock();
                }
            }
        }

        private int take() {
            lock.lock();
            try {
                return next < parts && failure == null ? next++ : -1;
            } finally {
                lock.unlock();
            }
        }

        private int takeLent() {
            lock.lock();
            try {
                int index = lent < lentMax() && next < parts && failure == null ? next++ : -1;
                lent += index < 0 ? 0 : 1;
                return index;
            } finally {
                lock.unlock();
            }
        }

        private void fail(Throwable e) {
            lock.lock();
            try {
                if (failure == null) {
                    failure = e;
                }
            } finally {
                lock.unlock();
            }
        }

        /** Does the parts that nobody has begun, with the others, and returns when the last one has ended. */
        void finish() {
            work();
            await();
            switch (failure()) {
                case RuntimeException e -> throw e;
                case Error e -> throw e;
                case null, default -> {}
            }
        }

        /** Begins no more parts, and returns when those under way have ended. */
        void abandon() {
            fail(new IllegalStateException("abandoned"));
            await();
        }

        private void await() {
            lock.lock();
            try {
                while (helped < helping || lent > 0) {
                    done.awaitUninterruptibly();
                }
            } finally {
                lock.unlock();
            }
        }

        private @Nullable Throwable failure() {
            lock.lock();
            try {
                return failure;
            } finally {
                lock.unlock();
            }
        }
    }
}
