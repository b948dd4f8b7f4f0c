package io.holdfast.device;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** Counts what reaches a device. The counts show what a flush costs, and that one happened. */
public final class MeteredDevice extends ForwardingDevice {
    private final LongAdder flushes = new LongAdder();
    private final LongAdder writes = new LongAdder();
    private final LongAdder bytesWritten = new LongAdder();
    private final LongAdder bytesRead = new LongAdder();

    public MeteredDevice(Device device) {
        super(device);
    }

    @Override
    public void read(long block, MemorySegment target) throws HoldfastException {
        device.read(block, target);
        bytesRead.add(target.byteSize());
    }

    @Override
    public @Nullable DeviceReads openReads(String name, Runnable handedOn) {
        DeviceReads reads = device.openReads(name, handedOn);
        return reads == null ? null : new Metered(reads);
    }

    @Override
    public void write(long block, SealedBuffer source, int from, int count) throws HoldfastException {
        device.write(block, source, from, count);
        counted((long) count * Block.SIZE);
    }

    @Override
    public void write(SealedBuffer source, List<Piece> pieces) throws HoldfastException {
        device.write(source, pieces);
        for (Piece piece : pieces) {
            counted((long) piece.count() * Block.SIZE);
        }
    }

    @Override
    public void write(long block, LentBuffer source) throws HoldfastException {
        device.write(block, source);
        counted((long) source.blocks() * Block.SIZE);
    }

    private void counted(long bytes) {
        writes.increment();
        bytesWritten.add(bytes);
    }

    @Override
    public void flush() throws HoldfastException {
        device.flush();
        flushes.increment();
    }

    public long flushes() {
        return flushes.sum();
    }

    public long writes() {
        return writes.sum();
    }

    public long bytesWritten() {
        return bytesWritten.sum();
    }

    public long bytesRead() {
        return bytesRead.sum();
    }

    /** Counts a read when it begins. */
    private final class Metered implements DeviceReads {
        private final DeviceReads reads;

        Metered(DeviceReads reads) {
            this.reads = reads;
        }

        @Override
        public boolean start(long block, MemorySegment[] targets, Ended ended) {
            boolean started = reads.start(block, targets, ended);
            if (started) {
                bytesRead.add(DeviceReads.bytes(targets));
            }
            return started;
        }

        @Override
        public void close() {
            reads.close();
        }
    }
}
