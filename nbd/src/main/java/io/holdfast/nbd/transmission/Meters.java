package io.holdfast.nbd.transmission;

import io.holdfast.concurrent.Latencies;
import io.holdfast.nbd.NbdMetrics;
import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.volume.LatencyCounts;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Counters that all connections of a server share.
 *
 * <p>Invariant: at most {@link #EXPORTS_MAX} exports are told apart: those that were served first. A counter never goes down, so none makes
 * room for another.
 */
public final class Meters {
    /** So many exports have counters of their own. */
    public static final int EXPORTS_MAX = 100;

    /** What is not a request that there is. */
    private static final int UNKNOWN = CommandType.values().length;

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, ExportMeter> exports = new LinkedHashMap<>();
    private final ExportMeter others = new ExportMeter(UNKNOWN + 1);
    private final Latencies[] times = new Latencies[UNKNOWN + 1];

    public Meters() {
        for (int i = 0; i < times.length; i++) {
            times[i] = new Latencies();
        }
    }

    /** Returns the number of an operation, for arrays. */
    static int operation(int type) {
        return Math.min(type, UNKNOWN);
    }

    /** Returns the counters of an export by its {@link io.holdfast.nbd.export.Export#label}. */
    ExportMeter export(String name) {
        lock.lock();
        try {
            ExportMeter known = exports.get(name);
            if (known == null && exports.size() < EXPORTS_MAX) {
                known = new ExportMeter(UNKNOWN + 1);
                exports.put(name, known);
            }
            return known == null ? others : known;
        } finally {
            lock.unlock();
        }
    }

    /** Counts a request that was in flight for so many nanoseconds. */
    void ended(int type, long nanos) {
        times[operation(type)].add(nanos);
    }

    /** Returns how long requests were in flight, by operation. */
    public List<NbdMetrics.Operation> operations() {
        List<NbdMetrics.Operation> list = new ArrayList<>();
        for (int i = 0; i < times.length; i++) {
            if (i != CommandType.DISC.code()) {
                list.add(new NbdMetrics.Operation(name(i), LatencyCounts.of(times[i])));
            }
        }
        return list;
    }

    private static String name(int operation) {
        return operation == UNKNOWN
                ? "unknown"
                : CommandType.of(operation).orElseThrow().name().toLowerCase(Locale.ROOT);
    }

    /** Returns the counters of the exports that are told apart. */
    public List<NbdMetrics.Export> exports() {
        lock.lock();
        try {
            List<NbdMetrics.Export> list = new ArrayList<>();
            exports.forEach((name, meter) -> list.add(counts(name, meter)));
            return list;
        } finally {
            lock.unlock();
        }
    }

    /** Returns the counters of all other exports together. */
    public NbdMetrics.Export others() {
        return counts("", others);
    }

    private static NbdMetrics.Export counts(String name, ExportMeter meter) {
        Map<String, Long> requests = new LinkedHashMap<>();
        for (int i = 0; i <= UNKNOWN; i++) {
            if (i != CommandType.DISC.code()) {
                requests.put(name(i), meter.requests(i));
            }
        }
        return new NbdMetrics.Export(
                name, requests, meter.errors.sum(), meter.bytesRead.sum(), meter.bytesWritten.sum());
    }
}
