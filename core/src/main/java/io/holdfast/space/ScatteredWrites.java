package io.holdfast.space;

import io.holdfast.device.BlockBuffer;
import io.holdfast.device.BufferPool;
import io.holdfast.device.Device;
import io.holdfast.device.Piece;
import io.holdfast.device.SealedBuffer;
import io.holdfast.error.HoldfastException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Single blocks on their way to scattered places: as many as a buffer holds are written at once. Used by one thread.
 */
final class ScatteredWrites implements AutoCloseable {
    private final Device device;
    private final BufferPool buffers;
    private @Nullable BlockBuffer buffer;
    private final List<Piece> pieces = new ArrayList<>();

    ScatteredWrites(Device device, BufferPool buffers) {
        this.device = device;
        this.buffers = buffers;
    }

    void add(long block, byte[] node) throws HoldfastException {
        BlockBuffer into = buffer;
        if (into == null) {
            into = buffers.take();
            buffer = into;
        }
        into.copy(pieces.size(), node);
        pieces.add(new Piece(block, pieces.size(), 1));
        if (pieces.size() == into.blocks()) {
            flush();
        }
    }

    void flush() throws HoldfastException {
        BlockBuffer full = buffer;
        if (full == null) {
            return;
        }
        SealedBuffer sealed = full.seal(pieces.size());
        buffer = null;
        try {
            device.write(sealed, List.copyOf(pieces));
        } finally {
            sealed.release();
            pieces.clear();
        }
    }

    @Override
    public void close() {
        BlockBuffer left = buffer;
        if (left != null) {
            buffer = null;
            left.discard();
        }
    }
}
