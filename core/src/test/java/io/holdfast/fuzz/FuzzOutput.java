package io.holdfast.fuzz;

import java.io.ByteArrayOutputStream;

/** Builds seeds that {@link FuzzInput} takes apart. */
public final class FuzzOutput {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    public FuzzOutput u8(int... values) {
        for (int value : values) {
            out.write(value);
        }
        return this;
    }

    public FuzzOutput u16(int value) {
        return u8(value, value >>> 8);
    }

    public FuzzOutput u64(long value) {
        for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
            out.write((int) (value >>> shift));
        }
        return this;
    }

    public FuzzOutput bytes(byte... bytes) {
        out.writeBytes(bytes);
        return this;
    }

    public byte[] done() {
        return out.toByteArray();
    }
}
