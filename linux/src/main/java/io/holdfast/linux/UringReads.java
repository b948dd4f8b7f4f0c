package io.holdfast.linux;

import io.holdfast.device.BlockReads;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * Reads of one file through a ring of their own, whose thread reports their completion.
 *
 * <p>Invariant: the ring is closed before the file's descriptor is.
 */
final class UringReads implements BlockReads {
    private final RingThread ring;
    private final int descriptor;
    private final Consumer<UringReads> closed;

    /** @param closed called when this has been closed */
    UringReads(RingThread ring, int descriptor, Consumer<UringReads> closed) {
        this.ring = ring;
        this.descriptor = descriptor;
        this.closed = closed;
    }

    @Override
    public boolean start(MemorySegment target, long position, IntConsumer ended) {
        int length = Math.toIntExact(target.byteSize());
        // The consumer keeps the memory from being collected until it is called.
        return ring.start(Ring.READ, descriptor, target.address(), length, position, new Keeping(target, ended));
    }

    private record Keeping(MemorySegment memory, IntConsumer ended) implements IntConsumer {
        @Override
        public void accept(int result) {
            ended.accept(result);
        }
    }

    @Override
    public void close() throws IOException {
        ring.close();
        closed.accept(this);
    }
}
