package io.holdfast.fuzz;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** Runs one input and holds the target to its bound of memory. The time is bounded by whoever calls. */
final class BoundedInput {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private BoundedInput() {}

    static void run(FuzzTarget target, byte[] input) throws Exception {
        long allocated = allocatedBy(target, input);
        // The first time there may be the loading of classes in it, and a fuzzer's work on them.
        if (allocated > target.allocationMax() && allocatedBy(target, input) > target.allocationMax()) {
            throw new AssertionError("an input of %d bytes made the target allocate %d bytes, more than %d"
                    .formatted(input.length, allocated, target.allocationMax()));
        }
    }

    private static long allocatedBy(FuzzTarget target, byte[] input) throws Exception {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        target.run(input);
        return THREADS.getCurrentThreadAllocatedBytes() - before;
    }
}
