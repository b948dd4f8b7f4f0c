package io.holdfast.linux;

import io.holdfast.device.BlockReads;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
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
    public boolean start(MemorySegment[] targets, long position, IntConsumer ended) {
        // The consumer keeps the memory from being collected until it is called.
        IntConsumer keeping = new Keeping(targets, ended);
        if (targets.length > 1) {
            return ring.startReading(descriptor, targets, position, keeping);
        }
        int length = Math.toIntExact(targets[0].byteSize());
        return ring.start(Ring.READ, descriptor, targets[0].address(), length, position, keeping);
    }

    private static final class Keeping implements IntConsumer {
        private final MemorySegment[] memory;
        private final IntConsumer ended;

        Keeping(MemorySegment[] memory, IntConsumer ended) {
            this.memory = memory;
            this.ended = ended;
        }

        @Override
        public void accept(int result) {
            try {
                ended.accept(result);
            } finally {
                Reference.reachabilityFence(memory);
            }
        }
    }

    @Override
    public void close() throws IOException {
        ring.close();
        closed.accept(this);
    }
}
