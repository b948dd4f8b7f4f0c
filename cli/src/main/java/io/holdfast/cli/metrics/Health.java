package io.holdfast.cli.metrics;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * What a server says of itself over HTTP. One thread looks at the volume each second and leaves here what it has seen; any number of readers take it from
 * here. So a reader waits for no lock of the volume, however often it comes.
 */
public final class Health {
    /** A server that has not looked for so long hangs. As long as the watchdog of the service: while a volume is repaired or opened again, a look waits. */
    static final Duration LOOK_MAX = Duration.ofMinutes(2);

    private final LongSupplier clock;
    /** One text at a time bounds the memory for it. */
    private final ReentrantLock writing = new ReentrantLock();

    private volatile Seen seen;

    /**
     * @param readings empty before the volume is open
     * @param notReady why clients are not served; empty if they are
     */
    private record Seen(long at, Optional<ServerReadings> readings, String notReady) {}

    /** @param clock nanoseconds since an arbitrary moment */
    public Health(LongSupplier clock) {
        this.clock = clock;
        this.seen = new Seen(clock.getAsLong(), Optional.empty(), "the volume is being opened or recovered; wait");
    }

    /** Notes what a look has found; {@code notReady} says why clients are not served, and is empty if they are. */
    public void saw(ServerReadings readings, String notReady) {
        seen = new Seen(clock.getAsLong(), Optional.of(readings), notReady);
    }

    /** Notes that the server ends. */
    public void stopping() {
        seen = new Seen(clock.getAsLong(), seen.readings, "the server is being stopped");
    }

    /** Returns why the server should be started anew; empty if it is well. Opening a volume may take any time. */
    Optional<String> sick() {
        Seen last = seen;
        return last.readings.isPresent() && age(last) > LOOK_MAX.toNanos()
                ? Optional.of("the server hangs: it last looked at its volume " + age(last) / 1_000_000_000
                        + " s ago; look what its device does, then start it anew")
                : Optional.empty();
    }

    /** Returns why clients should not be sent here; empty if they should. */
    Optional<String> notReady() {
        Optional<String> sick = sick();
        return sick.isPresent() || seen.notReady.isEmpty() ? sick : Optional.of(seen.notReady);
    }

    /** Returns the metrics as text. */
    String metrics(boolean open) {
        writing.lock();
        try {
            Seen last = seen;
            return Exposition.of(last.readings, ProcessReadings.now(age(last) / 1e9), open);
        } finally {
            writing.unlock();
        }
    }

    private long age(Seen last) {
        return Math.max(0, clock.getAsLong() - last.at);
    }
}
