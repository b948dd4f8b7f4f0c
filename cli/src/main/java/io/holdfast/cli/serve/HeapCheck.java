package io.holdfast.cli.serve;

import io.holdfast.cli.UsageException;
import io.holdfast.cli.text.Sizes;

/**
 * Whether the launcher has made the heap for the memory that the volume gets. The launcher reads {@code memory} in the configuration file
 * before there is any Java, so it knows the usual ways to write it alone. It says what it found in the property {@value #PROPERTY}.
 */
final class HeapCheck {
    static final String PROPERTY = "holdfast.heap-for-mib";

    private static final long MIB = 1 << 20;

    private HeapCheck() {}

    /** @throws UsageException if the launcher took the memory for less than it is */
    static void require(long memory) {
        Long known = Long.getLong(PROPERTY);
        if (known != null && memory > known * MIB) {
            throw new UsageException("the heap is for a memory of " + Sizes.show(known * MIB) + ", and --memory is "
                    + Sizes.show(memory) + ": write the key on a line of its own, as in memory = \"2G\"");
        }
    }
}
