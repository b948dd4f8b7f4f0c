package io.holdfast.sim.schedule;

import java.io.PrintStream;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The events of a run, as a hash and, if wanted, as readable lines.
 *
 * <p>Invariant: everything in it follows from the seed. So if two runs of one seed have different hashes, the
 * simulation is not deterministic.
 */
public final class Trace {
    private final @Nullable PrintStream out;
    private long hash = 0xcbf29ce484222325L;
    private long events;

    /** @param out where the lines go; null for none */
    public Trace(@Nullable PrintStream out) {
        this.out = out;
    }

    /** Adds an event that gets no line. */
    public void mix(long value) {
        hash = (hash ^ value) * 0x100000001b3L;
        hash ^= hash >>> 29;
        events++;
    }

    /** Adds an event; {@code line} is called only if lines are written. */
    public void event(long time, String kind, long a, long b, Supplier<String> line) {
        mix(time);
        mix(kind.hashCode());
        mix(a);
        mix(b);
        if (out != null) {
            out.printf(
                    "%12.6f ms  %-20s %-16s %s%n",
                    time / 1e6, Thread.currentThread().getName(), kind, line.get());
        }
    }

    public long hash() {
        return hash;
    }

    public long events() {
        return events;
    }
}
