package io.holdfast.failure;

import io.holdfast.device.Device;
import io.holdfast.device.DeviceReads;
import io.holdfast.device.LentBuffer;
import io.holdfast.device.Piece;
import io.holdfast.device.SealedBuffer;
import io.holdfast.error.HoldfastException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Repeats a write that finds what the device lies on full, at the same place, until there is room: the log and the trees
 * have counted on that place. Everything else goes to the device as it is; a failed flush above all.
 */
public final class InsistentDevice implements Device {
    private final Device device;
    private final HostRoom room;

    public InsistentDevice(Device device, HostRoom room) {
        this.device = device;
        this.room = room;
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
    public void write(long block, SealedBuffer source) throws HoldfastException {
        room.insist(() -> device.write(block, source));
    }

    @Override
    public void write(long block, SealedBuffer source, int from, int count) throws HoldfastException {
        room.insist(() -> device.write(block, source, from, count));
    }

    @Override
    public void write(SealedBuffer source, List<Piece> pieces) throws HoldfastException {
        room.insist(() -> device.write(source, pieces));
    }

    @Override
    public void write(long block, LentBuffer source) throws HoldfastException {
        room.insist(() -> device.write(block, source));
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
