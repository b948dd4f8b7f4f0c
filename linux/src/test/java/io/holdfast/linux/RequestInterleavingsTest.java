package io.holdfast.linux;

import java.util.concurrent.atomic.AtomicBoolean;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.junit.jupiter.api.Test;

/** The two lock-free states on the way into a ring, under every interleaving (within Lincheck's bounds) of a few calls. */
class RequestInterleavingsTest {
    private static ModelCheckingOptions options() {
        return new ModelCheckingOptions()
                .threads(2)
                .actorsPerThread(3)
                .actorsBefore(1)
                .actorsAfter(2)
                .iterations(20)
                .invocationsPerIteration(200);
    }

    @Test
    void noRequestIsLostAndNoSleeperForgotten() {
        options().check(Queue.class);
    }

    @Test
    void noRequestIsTakenTwice() {
        options().check(Slots.class);
    }

    /** Many threads push, one takes. It gets the requests in the order of the pushes. */
    @Param(name = "slot", gen = IntGen.class, conf = "0:5")
    public static final class Queue {
        private final RequestQueue queue = new RequestQueue();

        /** A request is pushed once, since it would lead to itself otherwise. */
        @Operation
        public String push(@Param(name = "slot") int slot) {
            return queue.push(new Request(slot)).toString();
        }

        @Operation(nonParallelGroup = "ring")
        public String takeAll() {
            return slots(queue.takeAll());
        }

        @Operation(nonParallelGroup = "ring")
        public boolean sleep() {
            return queue.sleep();
        }

        @Operation(nonParallelGroup = "ring")
        public String close() {
            return slots(queue.close());
        }

        private static String slots(Request first) {
            StringBuilder all = new StringBuilder();
            for (Request request = first; request != null; request = request.next) {
                all.append(request.slot).append(' ');
            }
            return all.toString();
        }
    }

    /** There are as many slots as callers, so that nobody waits. */
    public static final class Slots {
        private final RequestSlots slots = new RequestSlots(3);
        private final AtomicBoolean[] taken = {new AtomicBoolean(), new AtomicBoolean(), new AtomicBoolean()};

        /** Takes a request; returns whether nobody else had it. */
        @Operation
        public boolean use() {
            Request request = slots.take();
            boolean alone = !taken[request.slot].getAndSet(true);
            taken[request.slot].set(false);
            slots.giveBack(request);
            return alone;
        }
    }
}
