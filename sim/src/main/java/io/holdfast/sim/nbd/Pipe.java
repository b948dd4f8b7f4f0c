package io.holdfast.sim.nbd;

import java.nio.ByteBuffer;

/**
 * The bytes on their way in one direction, at most as many as there is room for. The lock of the connection guards it.
 *
 * <p>Invariant: {@code ring} has {@code filled} bytes from {@code start} on, around its end.
 */
final class Pipe {
    private final byte[] ring;
    private int start;
    private int filled;
    /** The writer has closed this direction: what is in it is the last. */
    boolean ended;
    /** The reader is gone: what is written reaches nobody. */
    boolean abandoned;
    /** The connection broke: what is in it is lost. */
    boolean broken;

    Pipe(int room) {
        ring = new byte[room];
    }

    int filled() {
        return filled;
    }

    int free() {
        return ring.length - filled;
    }

    /** Moves {@code count} bytes in; there must be so much room. */
    void put(ByteBuffer source, int count) {
        for (int left = count; left > 0; ) {
            int at = (start + filled) % ring.length;
            int n = Math.min(left, ring.length - at);
            source.get(ring, at, n);
            filled += n;
            left -= n;
        }
    }

    /** Moves {@code count} bytes out; there must be so many. */
    void take(ByteBuffer target, int count) {
        for (int left = count; left > 0; ) {
            int n = Math.min(left, ring.length - start);
            target.put(ring, start, n);
            start = (start + n) % ring.length;
            filled -= n;
            left -= n;
        }
    }
}
