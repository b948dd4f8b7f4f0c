package io.holdfast.background;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * Finds out whether clients notice the jobs: whether their calls take longer than they do without. It looks at windows of some
 * time. A window counts half, and all before it count half together, for calls take longer now and then for other reasons. A
 * window in which no job moved anything teaches what is usual. While clients are busy, all jobs stand still in one window every
 * few seconds, since what is usual changes with what the clients do. Not thread-safe.
 */
final class ClientWatch {
    static final long WINDOW_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    /** Time between two windows in which the jobs stand still. */
    static final long LEARN_NANOS = TimeUnit.SECONDS.toNanos(3);
    /** A window with few calls goes on for so long. */
    static final long LONG_NANOS = TimeUnit.MILLISECONDS.toNanos(400);
    /** So many calls are enough for a window. */
    static final int CALLS_MIN = 16;
    /** With fewer calls in a long window the clients are quiet. */
    private static final int CALLS_BUSY = 4;
    /** A window that is so old has seen other times, too. */
    private static final long STALE_NANOS = TimeUnit.SECONDS.toNanos(10);

    /** Calls may take this part longer than without jobs … */
    private static final double SLOWER_PART = 0.2;
    /** … and so much besides, which a job cannot help: it is in the processor's caches. */
    private static final long SLACK_NANOS = 5_000;

    /** What a look has found. */
    enum Verdict {
        /** Nothing is known yet. */
        NONE,
        /** There are hardly any clients. */
        QUIET,
        /** Clients wait longer than they would. */
        NOTICED,
        /** They do not. */
        UNNOTICED
    }

    private final ClientWaits waits;
    /** Mean nanoseconds of a call without jobs; 0 if none was seen. */
    private final double[] usual = new double[ClientWaits.Call.KINDS];
    /** The same beside jobs, since they were last noticed. */
    private final double[] beside = new double[ClientWaits.Call.KINDS];

    private ClientWaits.Sums before = ClientWaits.Sums.NONE;
    private long began;
    private long learned;
    private long moved;
    /** Whether no job is to move anything in this window. */
    private boolean still;

    ClientWatch(ClientWaits waits, long now) {
        this.waits = waits;
        this.began = now;
        this.learned = now;
    }

    /** Notes that a job is about to move bytes. */
    void moves(long bytes) {
        moved += bytes;
    }

    /** Returns how many nanoseconds from {@code now} all jobs are to stand still; then look again. */
    long nanosToStandStill(long now) {
        if (!still || age(now) >= LONG_NANOS) {
            return 0;
        }
        return age(now) < WINDOW_NANOS ? WINDOW_NANOS - age(now) : WINDOW_NANOS / 4;
    }

    /** Returns the age of the window. */
    long age(long now) {
        return now - began;
    }

    /** Looks at the window if it is long enough. After any answer but {@code NONE} a new one has begun. */
    Verdict look(long now) {
        if (age(now) < WINDOW_NANOS) {
            return Verdict.NONE;
        }
        ClientWaits.Sums sums = waits.sums();
        ClientWaits.Sums window = sums.since(before);
        boolean isLong = age(now) >= LONG_NANOS;
        boolean enough = window.total() >= (isLong ? CALLS_BUSY : CALLS_MIN) || (isLong && isSlow(window));
        if (moved > 0 && age(now) > STALE_NANOS) {
            begin(now, sums);
            return Verdict.NONE;
        }
        if (!enough && !isLong) {
            return Verdict.NONE;
        }
        Verdict verdict;
        if (!enough) {
            verdict = Verdict.QUIET;
        } else if (moved == 0) {
            learn(window);
            learned = now;
            verdict = Verdict.NONE;
        } else {
            verdict = isNoticed(window) ? Verdict.NOTICED : Verdict.UNNOTICED;
        }
        begin(now, sums);
        still = enough && now - learned >= LEARN_NANOS;
        return verdict;
    }

    /** Returns whether there are few calls because they take so long. */
    private static boolean isSlow(ClientWaits.Sums window) {
        long nanos = 0;
        for (long each : window.nanos()) {
            nanos += each;
        }
        return nanos >= LONG_NANOS / 2;
    }

    private void begin(long now, ClientWaits.Sums sums) {
        before = sums;
        began = now;
        moved = 0;
        still = false;
    }

    private void learn(ClientWaits.Sums window) {
        for (int i = 0; i < usual.length; i++) {
            if (window.calls()[i] > 0) {
                double mean = mean(window, i);
                usual[i] = usual[i] == 0 ? mean : (usual[i] + mean) / 2;
            }
        }
    }

    private boolean isNoticed(ClientWaits.Sums window) {
        boolean noticed = false;
        for (int i = 0; i < usual.length; i++) {
            if (window.calls()[i] * 4 < window.total()) {
                continue; // Too few to tell.
            }
            double mean = mean(window, i);
            beside[i] = beside[i] == 0 ? mean : (beside[i] + mean) / 2;
            noticed |= usual[i] > 0 && beside[i] > usual[i] * (1 + SLOWER_PART) + SLACK_NANOS;
        }
        if (noticed) {
            Arrays.fill(beside, 0); // The jobs are slower from here on.
        }
        return noticed;
    }

    private static double mean(ClientWaits.Sums window, int call) {
        return (double) window.nanos()[call] / window.calls()[call];
    }
}
