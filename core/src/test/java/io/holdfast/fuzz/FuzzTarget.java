package io.holdfast.fuzz;

import java.util.List;

/**
 * Code that takes bytes from somebody who may be hostile. A class that implements it is named {@code …Fuzz}, is public
 * and has a public constructor without parameters.
 *
 * <p>The same input does the same each time, whatever ran before.
 */
public interface FuzzTarget {
    /** Feeds one input of any length. Whatever this throws is a finding; what may be thrown it catches itself. */
    void run(byte[] input) throws Exception;

    /** Returns small inputs to start from: such as the code accepts, one for each thing it does. */
    List<byte[]> seeds() throws Exception;

    /** How many bytes the thread that runs an input may allocate; more is a finding. */
    default long allocationMax() {
        return 16L << 20;
    }

    /** How many mutated inputs the short run in the tests takes; it ends earlier when its time is up. */
    default int shortRunInputs() {
        return 4000;
    }
}
