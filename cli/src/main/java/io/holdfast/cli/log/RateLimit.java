package io.holdfast.cli.log;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Limits how many lines of one kind are shown: {@link #BURST} at once, and one more every {@link #NANOS_A_LINE} after
 * that. Lines that are left out are counted, and the count is shown as soon as there is room for a line again.
 *
 * <p>Invariant: at most {@link #KINDS_MAX} kinds are remembered. Used under the lock of {@link Log}.
 */
final class RateLimit {
    static final int BURST = 10;
    static final long NANOS_A_LINE = TimeUnit.SECONDS.toNanos(6);
    static final int KINDS_MAX = 256;

    private final Map<String, Kind> kinds = new LinkedHashMap<>();

    /**
     * Lines that were left out.
     *
     * @param last the last one of them
     * @param seconds since the first one of them, at least 1
     */
    record LeftOut(long count, String last, long seconds) {}

    private static final class Kind {
        /** The time at which all of {@link #BURST} may be shown again. */
        private long fullAt;

        private long leftOut;
        private String last = "";
        private long leftOutSince;

        private Kind(long now) {
            fullAt = now;
        }

        private boolean hasRoom(long now) {
            return fullAt - now <= (BURST - 1) * NANOS_A_LINE;
        }

        private void take(long now) {
            fullAt = (fullAt - now > 0 ? fullAt : now) + NANOS_A_LINE;
        }
    }

    /** Returns whether a line is shown; if not, it is counted. */
    boolean admit(String name, String line, long now) {
        Kind kind = kinds.get(name);
        if (kind == null) {
            forgetOne(now);
            kind = new Kind(now);
            kinds.put(name, kind);
        }
        if (kind.leftOut == 0 && kind.hasRoom(now)) {
            kind.take(now);
            return true;
        }
        if (kind.leftOut == 0) {
            kind.leftOutSince = now;
        }
        kind.leftOut++;
        kind.last = line;
        return false;
    }

    /** Returns and resets the counts of the kinds that have room for a line again. */
    List<LeftOut> due(long now) {
        return take(now, false);
    }

    /** Returns and resets the counts of all kinds. */
    List<LeftOut> rest(long now) {
        return take(now, true);
    }

    private List<LeftOut> take(long now, boolean all) {
        List<LeftOut> due = new ArrayList<>();
        for (Kind kind : kinds.values()) {
            if (kind.leftOut > 0 && (all || kind.hasRoom(now))) {
                kind.take(now);
                long seconds = Math.max(1, TimeUnit.NANOSECONDS.toSeconds(now - kind.leftOutSince));
                due.add(new LeftOut(kind.leftOut, kind.last, seconds));
                kind.leftOut = 0;
            }
        }
        return due;
    }

    /** Makes room for another kind: forgets a quiet one if there is one, else the oldest. */
    private void forgetOne(long now) {
        if (kinds.size() < KINDS_MAX) {
            return;
        }
        String victim = kinds.entrySet().stream()
                .filter(e -> e.getValue().leftOut == 0 && e.getValue().fullAt - now <= 0)
                .map(Map.Entry::getKey)
                .findFirst()
                .orElseGet(() -> kinds.keySet().iterator().next());
        kinds.remove(victim);
    }
}
