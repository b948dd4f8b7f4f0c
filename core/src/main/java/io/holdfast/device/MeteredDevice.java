package io.holdfast.device;

import io.holdfast.concurrent.Latencies;
import io.holdfast.concurrent.Timing;
import io.holdfast.error.HoldfastException;
import io.holdfast.event.FlushEvent;
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

    private final LongAdder readErrors = new LongAdder();
    private final LongAdder writeErrors = new LongAdder();
    private final LongAdder flushErrors = new LongAdder();
    private final Latencies flushTimes = new Latencies();
    private final Timing timing;

    /** @param timing for how long flushes take */
    public MeteredDevice(Device device, Timing timing) {
        super(device);
        this.timing = timing;
    }

    @Override
    public void read(long block, MemorySegment target) throws HoldfastException {
        try {
            device.read(block, target);
        } catch (HoldfastException e) {
            readErrors.increment();
            throw e;
        }
        bytesRead.add(target.byteSize());
    }

    @Override
    public @Nullable DeviceReads openReads(String name, Runnable handedOn) {
        DeviceReads reads = device.openReads(name, handedOn);
        return reads == null ? null : new Metered(reads);
    }

    @Override
    public void write(long block, SealedBuffer source, int from, int count) throws HoldfastException {
        counting(() -> device.write(block, source, from, count));
        counted((long) count * Block.SIZE);
    }

    @Override
    public void write(SealedBuffer source, List<Piece> pieces) throws HoldfastException {
        counting(() -> device.write(source, pieces));
        for (Piece piece : pieces) {
            counted((long) piece.count() * Block.SIZE);
        }
    }

    @Override
    public void write(long block, LentBuffer source) throws HoldfastException {
        counting(() -> device.write(block, source));
        counted((long) source.blocks() * Block.SIZE);
    }

    /** A call to the device. */
    private interface Call {
        void run() throws HoldfastException;
    }

    private void counting(Call write) throws HoldfastException {
        try {
            write.run();
        } catch (HoldfastException e) {
            writeErrors.increment();
            throw e;
        }
    }

    private void counted(long bytes) {
        writes.increment();
        bytesWritten.add(bytes);
    }

    @Override
    public void flush() throws HoldfastException {
        FlushEvent event = new FlushEvent();
        event.begin();
        long begun = timing.nanoTime();
        boolean flushed = false;
        try {
            device.flush();
            flushed = true;
            flushes.increment();
            flushTimes.add(timing.nanoTime() - begun);
        } finally {
            if (!flushed) {
                flushErrors.increment();
            }
            event.ended(flushed);
        }
    }

    public long readErrors() {
        return readErrors.sum();
    }

    public long writeErrors() {
        return writeErrors.sum();
    }

    public long flushErrors() {
        return flushErrors.sum();
    }

    /** Returns how long the flushes took that did not fail. */
    public Latencies flushTimes() {
        return flushTimes;
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
