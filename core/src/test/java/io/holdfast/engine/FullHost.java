package io.holdfast.engine;

import io.holdfast.device.Device;
import io.holdfast.device.ForwardingDevice;
import io.holdfast.device.LentBuffer;
import io.holdfast.device.Piece;
import io.holdfast.device.SealedBuffer;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/** A sparse file on a host that may be full: then only blocks that were written or allocated before can be written. */
public final class FullHost extends ForwardingDevice {
    private final ReentrantLock lock = new ReentrantLock();
    private final BitSet taken;
    private final boolean canBeAsked;
    private boolean full;
    private Runnable beforeWrite = () -> {};

    /**
     * @param taken the blocks that have room; changed by this
     * @param canBeAsked whether the host has a call that takes room; else it does nothing
     */
    public FullHost(Device device, BitSet taken, boolean canBeAsked) {
        super(device);
        this.taken = taken;
        this.canBeAsked = canBeAsked;
    }

    public void setFull(boolean now) {
        lock.lock();
        try {
            full = now;
        } finally {
            lock.unlock();
        }
    }

    /** Runs something before each write. */
    public void beforeWrite(Runnable what) {
        beforeWrite = what;
    }

    private void take(long block, long count) throws HoldfastException {
        lock.lock();
        try {
            int from = (int) block;
            int end = (int) (block + count);
            if (full && taken.nextClearBit(from) < end) {
                throw new HoldfastException(ErrorCode.HOST_FULL, name() + ": no space left on device");
            }
            taken.set(from, end);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void allocate(long block, long count) throws HoldfastException {
        if (canBeAsked) {
            take(block, count);
        }
    }

    @Override
    public void write(long block, SealedBuffer source, int from, int count) throws HoldfastException {
        beforeWrite.run();
        take(block, count);
        super.write(block, source, from, count);
    }

    @Override
    public void write(SealedBuffer source, List<Piece> pieces) throws HoldfastException {
        for (Piece piece : pieces) {
            write(piece.block(), source, piece.from(), piece.count());
        }
    }

    @Override
    public void write(long block, LentBuffer source) throws HoldfastException {
        beforeWrite.run();
        take(block, source.blocks());
        super.write(block, source);
    }

    /** The device below outlives the volume on it. */
    @Override
    public void close() {}
}
