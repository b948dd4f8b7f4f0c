package io.holdfast.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Takes an input apart: numbers little-endian, and zeros behind its end. */
public final class FuzzInput {
    private final ByteBuffer bytes;

    public FuzzInput(byte[] input) {
        bytes = ByteBuffer.wrap(input).order(ByteOrder.LITTLE_ENDIAN);
    }

    public boolean hasMore() {
        return bytes.hasRemaining();
    }

    public int u8() {
        return bytes.hasRemaining() ? bytes.get() & 0xff : 0;
    }

    public int u16() {
        return u8() | u8() << 8;
    }

    public long u64() {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
            value |= (long) u8() << shift;
        }
        return value;
    }

    /** Takes so many bytes, or as many as there are. */
    public byte[] bytes(int count) {
        byte[] taken = new byte[Math.min(count, bytes.remaining())];
        bytes.get(taken);
        return taken;
    }
}
