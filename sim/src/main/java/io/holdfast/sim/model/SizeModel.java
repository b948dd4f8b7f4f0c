package io.holdfast.sim.model;

import java.util.ArrayList;
import java.util.List;

/**
 * The possible sizes of a file: exactly one while no call changes it, a range while a call does, and after a crash any
 * size that it had since the last flush began.
 */
public final class SizeModel {
    private record Since(long tick, long low, long high) {}

    private final Ticks ticks;
    private final List<Since> history = new ArrayList<>();
    private long low;
    private long high;
    private int running;

    SizeModel(long now, Ticks ticks) {
        this.ticks = ticks;
        set(now, now);
    }

    private void set(long newLow, long newHigh) {
        low = newLow;
        high = newHigh;
        history.add(new Since(ticks.next(), low, high));
    }

    /** Begins a call that may change the size: the range now extends to {@code size}. */
    public void begin(long size, boolean mayShrink) {
        running++;
        set(mayShrink ? Math.min(low, size) : low, Math.max(high, size));
    }

    /** Ends a call. If no other call runs, the size must be {@code actual}, which must be possible. */
    public void end(long actual, String where) {
        running--;
        if (running == 0) {
            require(actual, where);
            set(actual, actual);
        }
    }

    /** Requires that the size can be {@code actual}. */
    public void require(long actual, String where) {
        if (actual < low || actual > high) {
            throw new ViolationException("%s: the size is %d; it may be %d to %d".formatted(where, actual, low, high));
        }
    }

    public long low() {
        return low;
    }

    public long high() {
        return high;
    }

    /** Returns the least and the greatest size since {@code started}. */
    private Since rangeSince(long started) {
        long least = low;
        long most = high;
        for (int i = history.size() - 1; i >= 0; i--) {
            least = Math.min(least, history.get(i).low());
            most = Math.max(most, history.get(i).high());
            if (history.get(i).tick() <= started) {
                break;
            }
        }
        return new Since(started, least, most);
    }

    /** Checks, at its end, a call that began at {@code started} and must not change the size. */
    public void requireWithin(long end, boolean refused, long started, String where) {
        Since size = rangeSince(started);
        if (refused ? end <= size.low() : end > size.high()) {
            throw new ViolationException("%s: a write of a disk up to %d was %s; the size may be %d to %d"
                    .formatted(where, end, refused ? "refused" : "taken", size.low(), size.high()));
        }
    }

    /** Checks the length that a read returned; the read began at {@code started}. */
    public void requireRead(long offset, long asked, long got, long started, String where) {
        Since size = rangeSince(started);
        long least = size.low();
        long most = size.high();
        if (got < Math.clamp(least - offset, 0, asked) || got > Math.clamp(most - offset, 0, asked)) {
            throw new ViolationException("%s: a read of %d bytes at %d returned %d; the size may be %d to %d"
                    .formatted(where, asked, offset, got, least, most));
        }
    }

    void flushed(long start) {
        int keep = 0;
        for (int i = 0; i < history.size(); i++) {
            if (history.get(i).tick() <= start) {
                keep = i;
            }
        }
        history.subList(0, keep).clear();
    }

    /** Checks the size after a crash and takes it for the truth. */
    public void afterCrash(long actual, String where) {
        long least = Long.MAX_VALUE;
        long most = 0;
        for (Since since : history) {
            least = Math.min(least, since.low());
            most = Math.max(most, since.high());
        }
        if (actual < least || actual > most) {
            throw new ViolationException(
                    "%s: after a crash the size is %d; it may be %d to %d".formatted(where, actual, least, most));
        }
        settle(actual);
    }

    /** Takes a size for the truth. */
    public void settle(long actual) {
        running = 0;
        history.clear();
        set(actual, actual);
    }
}
