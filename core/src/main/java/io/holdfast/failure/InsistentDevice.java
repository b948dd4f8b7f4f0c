package io.holdfast.failure;

import io.holdfast.device.Device;
import io.holdfast.device.ForwardingDevice;
import io.holdfast.device.LentBuffer;
import io.holdfast.device.Piece;
import io.holdfast.device.SealedBuffer;
import io.holdfast.error.HoldfastException;
import java.util.List;

/**
 * Repeats a write that finds the host full, at the same place, until there is room: the log and the trees name that
 * place. All other calls and errors pass through unchanged, above all a failed flush.
 */
public final class InsistentDevice extends ForwardingDevice {
    private final HostRoom room;

    public InsistentDevice(Device device, HostRoom room) {
        super(device);
        this.room = room;
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
}
