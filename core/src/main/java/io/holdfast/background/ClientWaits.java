package io.holdfast.background;

import io.holdfast.concurrent.Timing;
import java.util.concurrent.atomic.LongAdder;

/**
 * Counts the calls of clients and how long they took. Thread-safe; a call costs two looks at the clock and two striped
 * counters.
 */
public final class ClientWaits {
    /** The calls that are told apart: each kind has its own usual time. */
    public enum Call {
        READ(0),
        WRITE(1),
        FLUSH(2),
        /** What a client of a door waits for: a request from its arrival to its reply, with what it waited for in the door. */
        REQUEST(3);

        static final int KINDS = values().length;

        private final int index;

        Call(int index) {
            this.index = index;
        }
    }

    static final long LONGEST_NANOS = 250_000_000;

    private final Timing timing;
    private final LongAdder[] calls = adders();
    private final LongAdder[] nanos = adders();

    public ClientWaits(Timing timing) {
        this.timing = timing;
    }

    private static LongAdder[] adders() {
        LongAdder[] adders = new LongAdder[Call.KINDS];
        for (int i = 0; i < adders.length; i++) {
            adders[i] = new LongAdder();
        }
        return adders;
    }

    /** Returns the time at which a call begins, for {@link #ended}. */
    public long begin() {
        return timing.nanoTime();
    }

    /** Takes the end of a call that began at {@code begun}. */
    public void ended(Call call, long begun) {
        waited(call, timing.nanoTime() - begun);
    }

    /** Takes the time that a call took. A long one counts as {@link #LONGEST_NANOS}: one client that stalls says nothing of others. */
    public void waited(Call call, long took) {
        calls[call.index].increment();
        nanos[call.index].add(Math.min(took, LONGEST_NANOS));
    }

    /** What was counted until some moment, by kind of call. */
    record Sums(long[] calls, long[] nanos) {
        static final Sums NONE = new Sums(new long[Call.KINDS], new long[Call.KINDS]);

        /** Returns what was counted since an earlier moment. */
        Sums since(Sums before) {
            long[] callsSince = new long[Call.KINDS];
            long[] nanosSince = new long[Call.KINDS];
            for (int i = 0; i < Call.KINDS; i++) {
                callsSince[i] = calls[i] - before.calls[i];
                nanosSince[i] = nanos[i] - before.nanos[i];
            }
            return new Sums(callsSince, nanosSince);
        }

        /** Returns the calls of all kinds. */
        long total() {
            long total = 0;
            for (long count : calls) {
                total += count;
            }
            return total;
        }
    }

    Sums sums() {
        long[] callsNow = new long[Call.KINDS];
        long[] nanosNow = new long[Call.KINDS];
        for (int i = 0; i < Call.KINDS; i++) {
            callsNow[i] = calls[i].sum();
            nanosNow[i] = nanos[i].sum();
        }
        return new Sums(callsNow, nanosNow);
    }
}
