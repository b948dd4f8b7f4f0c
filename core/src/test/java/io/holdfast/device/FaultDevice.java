package io.holdfast.device;

import io.holdfast.device.IoHook.Operation;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * A drive with a volatile write cache, on top of another device; it fails when told to, and can lose power.
 *
 * <p>Invariants: what was written since the last flush is only here, in the order of the writes; the device below
 * changes when a flush succeeds, when the cache is full (the oldest write goes down first, which a drive may do at any
 * time), at {@link #crash} and at {@link #close}. A failed flush leaves the cache as it is and latches: every later
 * write and flush fails with {@code FAILED}. After a crash nothing works any more.
 *
 * <p>Thread-safe. The device below belongs to whoever made it and is not closed, so that the volume can be opened again
 * from it, in a new {@code FaultDevice}.
 */
public final class FaultDevice implements Device {
    /** 64 MiB. */
    private static final int CACHED_BLOCKS_MAX = 16_384;

    private final Device below;
    private final int cachedBlocksMax;
    private final ReentrantLock lock = new ReentrantLock();
    private final UnflushedWrites cache = new UnflushedWrites();
    private final FaultPlan faults = new FaultPlan();
    /** One block, for writes to the device below. */
    private final MemorySegment scratch = Arena.ofAuto().allocate(Block.SIZE, Block.SIZE);

    private volatile IoHook hook = IoHook.NONE;
    private long bytesRead;
    private long bytesWritten;
    private @Nullable HoldfastException flushFailure;
    private boolean gone;
    private boolean crashed;
    private boolean closed;

    public FaultDevice(Device below) {
        this(below, CACHED_BLOCKS_MAX);
    }

    /** Wraps a device with a cache of at most {@code cachedBlocksMax} block writes; 0 writes through. */
    public FaultDevice(Device below, int cachedBlocksMax) {
        this.below = below;
        this.cachedBlocksMax = cachedBlocksMax;
    }

    /** Sets what is called around every I/O from now on: to delay it, to yield, to interleave. */
    public void setHook(IoHook added) {
        hook = added;
    }

    /** The {@code nth} read from now on, counted from 1, goes wrong. */
    public void faultRead(long nth, Fault fault) {
        locked(() -> faults.plan(Operation.READ, nth, fault));
    }

    /** The {@code nth} write from now on, counted from 1, goes wrong. */
    public void faultWrite(long nth, Fault fault) {
        locked(() -> faults.plan(Operation.WRITE, nth, fault));
    }

    /** The {@code nth} flush from now on, counted from 1, goes wrong. */
    public void faultFlush(long nth, Fault fault) {
        locked(() -> faults.plan(Operation.FLUSH, nth, fault));
    }

    /** The {@code nth} I/O of any kind from now on, counted from 1, goes wrong: for a sweep over all of them. */
    public void faultAny(long nth, Fault fault) {
        locked(() -> faults.planAny(nth, fault));
    }

    /** Returns how many planned faults have not happened; a sweep is over when the operation left one. */
    public int pendingFaults() {
        lock.lock();
        try {
            return faults.pending();
        } finally {
            lock.unlock();
        }
    }

    /** Forgets all planned faults. */
    public void clearFaults() {
        locked(faults::clear);
    }

    /** Pulls the cable, or plugs it in again: meanwhile every I/O fails with {@code DEVICE_ERROR}. */
    public void setGone(boolean now) {
        locked(() -> gone = now);
    }

    /** Returns how many block writes a power cut now could lose: the range of the indexes of a {@link CrashRule}. */
    public int unflushedWrites() {
        lock.lock();
        try {
            return cache.size();
        } finally {
            lock.unlock();
        }
    }

    public DeviceCounts counts() {
        lock.lock();
        try {
            return new DeviceCounts(
                    faults.done(Operation.READ),
                    faults.done(Operation.WRITE),
                    faults.done(Operation.FLUSH),
                    bytesRead,
                    bytesWritten);
        } finally {
            lock.unlock();
        }
    }

    /** Cuts the power: the device below is left as the rule says, and this one fails every I/O from now on. */
    public void crash(CrashRule rule) throws HoldfastException {
        lock.lock();
        try {
            requireUsable();
            Map<Long, byte[]> landed = cache.afterCrash(rule, this::blockBelow);
            crashed = true;
            putDown(landed, below);
            below.flush();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Returns what a power cut now would leave, and goes on: to try many rules on one moment.
     *
     * @throws IllegalStateException if the device below is not a {@link MemoryDevice}, which can be copied
     */
    public MemoryDevice imageAfterCrash(CrashRule rule) throws HoldfastException {
        return imageAfterCrash(_ -> rule);
    }

    /** The same by a rule that is chosen for the number of unflushed writes, which others may be changing. */
    public MemoryDevice imageAfterCrash(IntFunction<CrashRule> choice) throws HoldfastException {
        lock.lock();
        try {
            CrashRule rule = choice.apply(cache.size());
            if (!(below instanceof MemoryDevice memory)) {
                throw new IllegalStateException(below.name() + " cannot be copied");
            }
            MemoryDevice image = memory.copy();
            putDown(cache.afterCrash(rule, this::blockBelow), image);
            return image;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public String name() {
        return below.name();
    }

    @Override
    public long blocks() {
        return below.blocks();
    }

    /** Takes effect at once, so a crash never takes it back. */
    @Override
    public long grow(long blocks) throws HoldfastException {
        return below.grow(blocks);
    }

    @Override
    public boolean directIo() {
        return below.directIo();
    }

    @Override
    public void read(long block, MemorySegment target) throws HoldfastException {
        long count = DeviceChecks.requireTarget(target);
        DeviceChecks.requireInside(this, block, count);
        IoHook around = hook;
        around.before(Operation.READ, block, count);
        try {
            lock.lock();
            try {
                requireUsable();
                bytesRead += target.byteSize();
                switch (faults.next(Operation.READ)) {
                    case null -> readCached(block, target);
                    case Fault.Lie _ -> readCached(block, target);
                    case Fault.Misdirect(long distance) -> readCached(inside(block + distance, count), target);
                    case Fault.Fail _ -> throw injected("read", block);
                    case Fault.Short(int blocks) -> {
                        readCached(block, target.asSlice(0, (long) blocks * Block.SIZE));
                        throw injected("read", block + blocks);
                    }
                }
            } finally {
                lock.unlock();
            }
        } finally {
            around.after(Operation.READ, block, count);
        }
    }

    @Override
    public void write(long block, SealedBuffer source) throws HoldfastException {
        write(block, source, 0, source.blocks());
    }

    @Override
    public void write(long block, SealedBuffer source, int from, int count) throws HoldfastException {
        DeviceChecks.requirePart(source.blocks(), from, count);
        try (SealedBuffer.Hold hold = source.hold()) {
            write(block, hold.contents().asSlice((long) from * Block.SIZE, (long) count * Block.SIZE));
        }
    }

    @Override
    public void write(long block, LentBuffer source) throws HoldfastException {
        write(block, source.contents());
    }

    private void write(long block, MemorySegment source) throws HoldfastException {
        long count = source.byteSize() / Block.SIZE;
        DeviceChecks.requireInside(this, block, count);
        IoHook around = hook;
        around.before(Operation.WRITE, block, count);
        try {
            lock.lock();
            try {
                requireUsable();
                requireFlushable();
                bytesWritten += source.byteSize();
                switch (faults.next(Operation.WRITE)) {
                    case null -> cache(block, source, count);
                    case Fault.Lie _ -> {}
                    case Fault.Misdirect(long distance) -> cache(inside(block + distance, count), source, count);
                    case Fault.Fail _ -> throw injected("write", block);
                    case Fault.Short(int blocks) -> {
                        cache(block, source, blocks);
                        throw injected("write", block + blocks);
                    }
                }
            } finally {
                lock.unlock();
            }
        } finally {
            around.after(Operation.WRITE, block, count);
        }
    }

    @Override
    public void flush() throws HoldfastException {
        IoHook around = hook;
        around.before(Operation.FLUSH, 0, 0);
        try {
            lock.lock();
            try {
                requireUsable();
                requireFlushable();
                Fault fault = faults.next(Operation.FLUSH);
                if (fault instanceof Fault.Lie) {
                    return;
                }
                if (fault != null) {
                    flushFailure = injected("flush", 0);
                    throw flushFailure;
                }
                shrinkTo(0);
                below.flush();
            } finally {
                lock.unlock();
            }
        } finally {
            around.after(Operation.FLUSH, 0, 0);
        }
    }

    /** Passes on what was written, as an operating system does sooner or later; without a flush. */
    @Override
    public void close() throws HoldfastException {
        lock.lock();
        try {
            if (!closed && !crashed && !gone) {
                shrinkTo(0);
            }
            closed = true;
        } finally {
            lock.unlock();
        }
    }

    private void readCached(long block, MemorySegment target) throws HoldfastException {
        if (target.byteSize() == 0) {
            return;
        }
        below.read(block, target);
        for (long i = 0; i < target.byteSize() / Block.SIZE; i++) {
            byte[] newest = cache.newest(block + i);
            if (newest != null) {
                MemorySegment.copy(newest, 0, target, ValueLayout.JAVA_BYTE, i * Block.SIZE, Block.SIZE);
            }
        }
    }

    private void cache(long block, MemorySegment source, long count) throws HoldfastException {
        for (long i = 0; i < count; i++) {
            cache.add(block + i, source.asSlice(i * Block.SIZE, Block.SIZE).toArray(ValueLayout.JAVA_BYTE));
        }
        shrinkTo(cachedBlocksMax);
    }

    private void shrinkTo(int size) throws HoldfastException {
        while (cache.size() > size) {
            UnflushedWrites.BlockWrite oldest = cache.removeOldest();
            putDown(oldest.block(), oldest.data(), below);
        }
    }

    private byte[] blockBelow(long block) throws HoldfastException {
        return TestBuffers.read(below, block, 1);
    }

    private void putDown(Map<Long, byte[]> blocks, Device target) throws HoldfastException {
        for (Map.Entry<Long, byte[]> block : blocks.entrySet()) {
            putDown(block.getKey(), block.getValue(), target);
        }
    }

    private void putDown(long block, byte[] data, Device target) throws HoldfastException {
        MemorySegment.copy(data, 0, scratch, ValueLayout.JAVA_BYTE, 0, Block.SIZE);
        target.write(block, LentBuffer.of(scratch));
    }

    /** Bends a misdirected range so that it lies within the device. */
    private long inside(long block, long count) {
        return Math.floorMod(block, blocks() - count + 1);
    }

    private void requireUsable() throws HoldfastException {
        if (crashed) {
            throw new HoldfastException(ErrorCode.DEVICE_ERROR, name() + ": the power was cut");
        }
        if (closed) {
            throw new HoldfastException(ErrorCode.CLOSED, name() + " was closed");
        }
        if (gone) {
            throw new HoldfastException(ErrorCode.DEVICE_ERROR, name() + ": the device is gone");
        }
    }

    private void requireFlushable() throws HoldfastException {
        if (flushFailure != null) {
            throw new HoldfastException(
                    ErrorCode.FAILED,
                    name() + " takes no more writes since a flush failed: " + flushFailure.getMessage(),
                    flushFailure);
        }
    }

    private HoldfastException injected(String operation, long block) {
        return new HoldfastException(
                ErrorCode.DEVICE_ERROR, "%s: cannot %s block %d: injected fault".formatted(name(), operation, block));
    }

    private void locked(Runnable change) {
        lock.lock();
        try {
            change.run();
        } finally {
            lock.unlock();
        }
    }
}
