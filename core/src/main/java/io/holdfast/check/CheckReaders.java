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
 * <p>Used by one thread, which closes this when the check is done.
 */
final class CheckReaders implements AutoCloseable {
    /** Most reads under way at once; beyond it a disk does no more, and its other users wait longer. */
    private static final int READERS_MAX = 8;

    private final BufferPool buffers;
    private final Helpers helpers;
    private final int helpersMax;

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
        begin(parts, part, parts - 1).finish();
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
                    index = take();
                }
            } catch (RuntimeException | Error e) {
                fail(e);
            } finally {
                buffers.giveBackMemory(memory);
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
                while (helped < helping) {
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
