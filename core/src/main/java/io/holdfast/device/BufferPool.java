package io.holdfast.device;

import io.holdfast.format.Block;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A bounded pool of buffers for device I/O. All its buffers have the same number of blocks and are aligned to a block.
 *
 * <p>Taking a buffer waits until one is free. A thread that holds a buffer never waits for a second one, so every wait
 * ends. The pool has one buffer of each kind from the beginning. If there is no memory for more, the takers share those
 * that there are. So once a pool is made, want of memory makes I/O slower and never fails it.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>At most {@code buffersMax} buffers are out at a time.
 *   <li>Memory that {@link #takeMemory} has handed out once is only ever handed out again by it, and never becomes a
 *       {@link BlockBuffer}. So a forgotten reference to it cannot reach into a sealed buffer.
 *   <li>The pool keeps at most {@code buffersMax} buffers of each of the two kinds.
 *   <li>Only memory that is out can be given back, and only once.
 * </ul>
 */
public final class BufferPool implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(BufferPool.class.getName());

    /**
     * One arena for each buffer. Each checksum of a block enters and leaves the arena of its buffer; if all buffers had
     * one arena, threads would fight for its counter. Memory that the garbage collector frees would need no arena. But
     * the virtual machine counts such memory as direct memory. An embedding program has set that limit for something
     * else, and an allocation above the limit waits for a collection.
     */
    private final List<Arena> arenas = new ArrayList<>();

    private final int blocksPerBuffer;
    private final int buffersMax;
    private final Semaphore free;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition givenBack = lock.newCondition();
    /** Only block buffers and sealed buffers have ever seen this memory. */
    private final ArrayDeque<MemorySegment> idlePrivate = new ArrayDeque<>();

    private final ArrayDeque<MemorySegment> idleShown = new ArrayDeque<>();
    /** What {@link #takeMemory} has handed out and not got back yet, by address. */
    private final Map<Long, MemorySegment> shown = new HashMap<>();

    private boolean closed;

    /** @throws OutOfMemoryError if there is no memory for the first buffer of each kind */
    public BufferPool(int buffersMax, int blocksPerBuffer) {
        if (buffersMax < 1 || blocksPerBuffer < 1) {
            throw new IllegalArgumentException(
                    "a pool of %d buffers of %d blocks".formatted(buffersMax, blocksPerBuffer));
        }
        this.buffersMax = buffersMax;
        this.blocksPerBuffer = blocksPerBuffer;
        this.free = new Semaphore(buffersMax, true);
        try {
            idlePrivate.push(allocate());
            idleShown.push(allocate());
        } catch (OutOfMemoryError e) {
            close();
            throw e;
        }
    }

    /** Makes a pool. If there is no memory for it, closes {@code others} and throws. */
    public static BufferPool beside(int buffersMax, int blocksPerBuffer, AutoCloseable... others) {
        try {
            return new BufferPool(buffersMax, blocksPerBuffer);
        } catch (OutOfMemoryError e) {
            for (AutoCloseable other : others) {
                try {
                    other.close();
                } catch (Exception closing) {
                    e.addSuppressed(closing);
                }
            }
            throw e;
        }
    }

    /** Returns how many buffers may be out at a time. */
    public int buffersMax() {
        return buffersMax;
    }

    public int blocksPerBuffer() {
        return blocksPerBuffer;
    }

    /** Takes a buffer to fill and write; waits until one is free. */
    public BlockBuffer take() {
        return new BlockBuffer(this, takeFrom(idlePrivate), blocksPerBuffer);
    }

    /**
     * Takes plain memory to read into; waits until some is free. The memory is private to the engine, and is never
     * written to a device. The caller gives it back by {@link #giveBackMemory}.
     */
    public MemorySegment takeMemory() {
        MemorySegment memory = takeFrom(idleShown);
        lock.lock();
        try {
            shown.put(memory.address(), memory);
        } finally {
            lock.unlock();
        }
        return memory;
    }

    /** Gives back what {@link #takeMemory} returned. */
    public void giveBackMemory(MemorySegment memory) {
        lock.lock();
        try {
            MemorySegment own = shown.get(memory.address());
            if (own == null || own.byteSize() != memory.byteSize()) {
                throw new IllegalStateException("memory that was not taken here, or was given back already");
            }
            shown.remove(memory.address());
            if (!closed) {
                idleShown.push(own);
            }
            givenBack.signalAll();
        } finally {
            lock.unlock();
        }
        free.release();
    }

    /** Gives back the memory of a block buffer or sealed buffer. Their states make sure that this happens once. */
    void giveBackPrivate(MemorySegment memory) {
        lock.lock();
        try {
            if (!closed) {
                idlePrivate.push(memory);
            }
            givenBack.signalAll();
        } finally {
            lock.unlock();
        }
        free.release();
    }

    /** Returns how many buffers are in use; 0 at rest. */
    public int inUse() {
        return buffersMax - free.availablePermits();
    }

    /**
     * Frees the memory. Call this at rest: a device that still read or wrote the memory by its address would use freed
     * memory.
     *
     * @throws IllegalStateException if a buffer is in use; the memory of the others is freed
     */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            idlePrivate.clear();
            idleShown.clear();
            givenBack.signalAll();
            IllegalStateException inUse = null;
            for (Arena arena : arenas) {
                try {
                    arena.close();
                } catch (IllegalStateException e) {
                    inUse = e;
                }
            }
            arenas.clear();
            if (inUse != null) {
                throw inUse;
            }
        } finally {
            lock.unlock();
        }
    }

    private MemorySegment takeFrom(ArrayDeque<MemorySegment> idle) {
        free.acquireUninterruptibly();
        MemorySegment memory = poll(idle, false);
        if (memory == null) {
            try {
                memory = allocate();
            } catch (OutOfMemoryError e) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "no memory for another I/O buffer; fewer I/Os at a time; give the machine more memory, or the volume less");
                memory = poll(idle, true);
            }
        }
        return Objects.requireNonNull(memory);
    }

    private MemorySegment allocate() {
        if (Inject.fails(Point.ALLOCATE_BUFFER)) {
            throw new OutOfMemoryError("no memory for a buffer");
        }
        Arena arena = Arena.ofShared();
        lock.lock();
        try {
            MemorySegment memory = arena.allocate((long) blocksPerBuffer * Block.SIZE, Block.SIZE);
            arenas.add(arena);
            return memory;
        } catch (OutOfMemoryError e) {
            arena.close();
            throw e;
        } finally {
            lock.unlock();
        }
    }

    private @Nullable MemorySegment poll(ArrayDeque<MemorySegment> idle, boolean wait) {
        lock.lock();
        try {
            while (wait && idle.isEmpty() && !closed) {
                givenBack.awaitUninterruptibly();
            }
            if (closed) {
                throw new IllegalStateException("the pool is closed");
            }
            return idle.poll();
        } finally {
            lock.unlock();
        }
    }
}
