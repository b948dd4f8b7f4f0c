package io.holdfast.log;

import io.holdfast.device.DeviceReads;
import io.holdfast.format.Block;
import io.holdfast.store.BlockStore;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Reads the header of the next record while the caller works on the present one. One read is under way at most. For one
 * caller; where the device has no queue of reads, this reads nothing.
 */
final class HeaderAhead implements AutoCloseable {
    private static final long NONE = -1;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory = arena.allocate(Block.SIZE, Block.SIZE);
    private final @Nullable DeviceReads reads;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition done = lock.newCondition();
    /** What the memory has, or will have. */
    private long block = NONE;

    private boolean underWay;
    private boolean whole;

    HeaderAhead(BlockStore store) {
        this.reads = store.openReads("log", () -> {});
    }

    /** Begins to read a block that {@link #take} will be asked for next. */
    void ask(long wanted) {
        lock.lock();
        try {
            if (reads == null || underWay) {
                return;
            }
            block = wanted;
            underWay = reads.start(wanted, memory, this::ended);
            whole = false;
        } finally {
            lock.unlock();
        }
    }

    private void ended(boolean all) {
        lock.lock();
        try {
            whole = all;
            underWay = false;
            done.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Returns a block that was asked for; null if another one was, or it could not be read. */
    byte @Nullable [] take(long wanted) {
        lock.lock();
        try {
            if (block != wanted) {
                return null;
            }
            while (underWay) {
                done.awaitUninterruptibly();
            }
            block = NONE;
            return whole ? memory.toArray(ValueLayout.JAVA_BYTE) : null;
        } finally {
            lock.unlock();
        }
    }

    /** Waits for the read under way. */
    @Override
    public void close() {
        if (reads != null) {
            reads.close();
        }
        arena.close();
    }
}
