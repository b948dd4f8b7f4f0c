package io.holdfast.bench.host;

import java.io.IOException;

/** Processor time that the virtual machine of a process takes to compile its program. */
public final class CompilerUsage implements AutoCloseable {
    /** Linux keeps 15 characters of a thread's name. */
    private static final String NAME = " CompilerThre";

    private static final double NANOS = 1e9;

    private final ThreadUsage threads;

    /** Begins to count. */
    public CompilerUsage(long pid) throws IOException {
        threads = new ThreadUsage(pid);
    }

    /** Returns what all compilers have taken since the beginning, in seconds. */
    public double seconds() throws IOException {
        return threads.used().entrySet().stream()
                        .filter(thread -> thread.getKey().endsWith(NAME))
                        .mapToLong(thread -> thread.getValue().runningNanos())
                        .sum()
                / NANOS;
    }

    @Override
    public void close() {
        threads.close();
    }
}
