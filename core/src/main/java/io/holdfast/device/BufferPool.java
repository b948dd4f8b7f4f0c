package io.holdfast.device;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A bounded pool of buffers for device I/O, each of the same number of blocks and aligned to a block. Taking one waits
 * until one is free: whoever holds a buffer never waits for a second one, so the wait always ends.
 */
public final class BufferPool implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final int blocksPerBuffer;
    private final int buffersMax;
    private final Semaphore free;
    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<MemorySegment> idle = new ArrayDeque<>();

    public BufferPool(int buffersMax, int blocksPerBuffer) {
        this.buffersMax = buffersMax;
        this.blocksPerBuffer = blocksPerBuffer;
        this.free = new Semaphore(buffersMax, true);
    }

    public int blocksPerBuffer() {
        return blocksPerBuffer;
    }

    /** Takes a buffer to fill and write, waiting for one if need be. */
    public BlockBuffer take() {
        return new BlockBuffer(this, takeMemory(), blocksPerBuffer);
    }

    /**
     * Takes plain memory to read into. Must be given back with {@link #giveBackMemory}. It is private to the engine
     * and never written to a device.
     */
    public MemorySegment takeMemory() {
        free.acquireUninterruptibly();
        lock.lock();
        try {
            MemorySegment memory = idle.poll();
            if (memory != null) {
                return memory;
            }
        } finally {
            lock.unlock();
        }
        return arena.allocate((long) blocksPerBuffer * Device.BLOCK_SIZE, Device.BLOCK_SIZE);
    }

    public void giveBackMemory(MemorySegment memory) {
        giveBack(memory, blocksPerBuffer);
    }

    void giveBack(MemorySegment memory, int blocks) {
        if (blocks != blocksPerBuffer) {
            throw new IllegalArgumentException("not of this pool");
        }
        lock.lock();
        try {
            idle.push(memory);
        } finally {
            lock.unlock();
        }
        free.release();
    }

    /** Returns how many buffers are in use; 0 at rest. */
    public int inUse() {
        return buffersMax - free.availablePermits();
    }

    @Override
    public void close() {
        arena.close();
    }
}
