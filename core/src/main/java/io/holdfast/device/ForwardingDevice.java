package io.holdfast.device;

import io.holdfast.error.HoldfastException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Passes every call on to another device. A subclass overrides the calls to which it adds something. A write of a whole
 * buffer goes through the write of a part, so a subclass overrides only that one.
 */
public abstract class ForwardingDevice implements Device {
    /** The device that gets the calls. */
    protected final Device device;

    protected ForwardingDevice(Device device) {
        this.device = device;
    }

    @Override
    public String name() {
        return device.name();
    }

    @Override
    public long blocks() {
        return device.blocks();
    }

    @Override
    public boolean directIo() {
        return device.directIo();
    }

    @Override
    public void read(long block, MemorySegment target) throws HoldfastException {
        device.read(block, target);
    }

    @Override
    public @Nullable DeviceReads openReads(String name, Runnable handedOn) {
        return device.openReads(name, handedOn);
    }

    @Override
    public void allocate(long block, long count) throws HoldfastException {
        device.allocate(block, count);
    }

    @Override
    public boolean discard(long block, long count) throws HoldfastException {
        return device.discard(block, count);
    }

    @Override
    public long grow(long blocks) throws HoldfastException {
        return device.grow(blocks);
    }

    @Override
    public long preallocate(long from, long blocks, LongConsumer step) throws HoldfastException {
        return device.preallocate(from, blocks, step);
    }

    @Override
    public boolean takesRoomWhenWritten() {
        return device.takesRoomWhenWritten();
    }

    @Override
    public Optional<HostFileSystem> host(long blocks) throws HoldfastException {
        return device.host(blocks);
    }

    @Override
    public void write(long block, SealedBuffer source) throws HoldfastException {
        write(block, source, 0, source.blocks());
    }

    @Override
    public void write(long block, SealedBuffer source, int from, int count) throws HoldfastException {
        device.write(block, source, from, count);
    }

    @Override
    public void write(SealedBuffer source, List<Piece> pieces) throws HoldfastException {
        device.write(source, pieces);
    }

    @Override
    public void write(long block, LentBuffer source) throws HoldfastException {
        device.write(block, source);
    }

    @Override
    public void flush() throws HoldfastException {
        device.flush();
    }

    @Override
    public void close() throws HoldfastException {
        device.close();
    }
}
