package io.holdfast.nbd;

import io.holdfast.concurrent.Timing;
import io.holdfast.door.Slice;
import java.nio.ByteBuffer;
import java.util.function.IntFunction;

/**
 * What the sessions of a server take from the machine; the simulator has its own. Threads are of the kind of the thread
 * that starts the first of them ({@link io.holdfast.concurrent.Threads}).
 *
 * @param timing for all that waits for a time
 * @param buffers makes a buffer of so many bytes
 * @param stepBytes how much a connection moves at a time that may have no more memory for payloads: the length of a slice
 * @param lookAheadBytes how much at a time a connection receives in order to find out whether its client is gone
 * @param processors how many threads run at once
 */
public record NbdEnvironment(
        Timing timing, IntFunction<ByteBuffer> buffers, int stepBytes, int lookAheadBytes, int processors) {
    /** This machine. */
    public static final NbdEnvironment SYSTEM = new NbdEnvironment(
            Timing.SYSTEM,
            ByteBuffer::allocateDirect,
            Slice.MAX,
            256 << 10,
            Runtime.getRuntime().availableProcessors());
}
