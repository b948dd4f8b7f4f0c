package io.holdfast.device;

import io.holdfast.format.Block;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.ThreadIdGen;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Test;

/**
 * The two lock-free states of buffers under every interleaving (within Lincheck's bounds) of a few calls: what each call
 * answers is what it would have answered if the calls had come one after the other.
 */
class BufferInterleavingsTest {
    private static final int ITERATIONS = 10;
    private static final int INVOCATIONS = 50;

    private static ModelCheckingOptions options() {
        return new ModelCheckingOptions()
                .threads(2)
                .actorsPerThread(2)
                .actorsBefore(0)
                .actorsAfter(1)
                .iterations(ITERATIONS)
                .invocationsPerIteration(INVOCATIONS);
    }

    @Test
    void aSealedBufferGoesBackOnceAndNotWhileItIsHeld() {
        options().check(Sealed.class);
    }

    @Test
    void aBlockBufferDoesNotChangeOnceItIsSealed() {
        options().check(Filling.class);
    }

    /** Memory goes back to the pool exactly when it was released and the last hold has ended. */
    public static final class Sealed {
        private final BufferPool pool = new BufferPool(1, 1);
        private final SealedBuffer buffer;
        private final List<Deque<SealedBuffer.Hold>> holds = new ArrayList<>();
        private volatile boolean released;

        public Sealed() {
            BlockBuffer filling = pool.take();
            filling.copy(0, new byte[Block.SIZE]);
            buffer = filling.seal(1);
            for (int thread = 0; thread < 4; thread++) {
                holds.add(new ArrayDeque<>());
            }
        }

        @Operation
        public boolean hold(@Param(gen = ThreadIdGen.class) int thread) {
            try {
                holds.get(thread).push(buffer.hold());
                return true;
            } catch (IllegalStateException e) {
                return false;
            }
        }

        @Operation
        public boolean end(@Param(gen = ThreadIdGen.class) int thread) {
            SealedBuffer.Hold hold = holds.get(thread).poll();
            if (hold != null) {
                hold.close();
            }
            return hold != null;
        }

        /** Returns whether what this thread holds, if it holds something, is still out of the pool. */
        @Operation
        public boolean keeps(@Param(gen = ThreadIdGen.class) int thread) {
            return holds.get(thread).isEmpty() || pool.inUse() == 1;
        }

        @Operation
        public boolean release() {
            try {
                buffer.release();
                released = true;
                return true;
            } catch (IllegalStateException e) {
                return false;
            }
        }

        @Validate
        public void isBackIfNobodyNeedsIt() {
            boolean needed = !released || holds.stream().anyMatch(own -> !own.isEmpty());
            if (pool.inUse() != (needed ? 1 : 0)) {
                throw new IllegalStateException("%d buffers in use, needed: %s".formatted(pool.inUse(), needed));
            }
        }
    }

    /** A copy that is late finds the buffer sealed; a sealed buffer shows what the last copy before it put in. */
    public static final class Filling {
        private static final int AT = 7;

        private final BufferPool pool = new BufferPool(1, 1);
        private final BlockBuffer buffer = pool.take();
        private volatile SealedBuffer sealed;
        private volatile int content;

        /** Returns whether the copy came in time. */
        @Operation
        public boolean fill(byte value) {
            byte[] block = new byte[Block.SIZE];
            block[AT] = value;
            return unlessClaimed(() -> buffer.copy(0, MemorySegment.ofArray(block), 0));
        }

        /** Returns what was sealed. */
        @Operation
        public String seal() {
            return unlessClaimed(() -> sealed = buffer.seal(1)) ? "sealed " + (content = read()) : "refused";
        }

        @Operation
        public boolean discard() {
            return unlessClaimed(buffer::discard);
        }

        @Validate
        public void nobodyChangedWhatWasSealed() {
            if (sealed != null && read() != content) {
                throw new IllegalStateException("%d was sealed, it is %d now".formatted(content, read()));
            }
        }

        private int read() {
            return sealed.contents().get(ValueLayout.JAVA_BYTE, AT);
        }

        /** Does a step; while another thread is at work in the buffer, which is refused, it tries again. */
        private static boolean unlessClaimed(Runnable step) {
            while (true) {
                try {
                    step.run();
                    return true;
                } catch (IllegalStateException e) {
                    if (!String.valueOf(e.getMessage()).startsWith("two threads")) {
                        return false;
                    }
                }
            }
        }
    }
}
