package io.holdfast.device;

import io.holdfast.device.IoHook.Operation;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Which I/O fails, by its number. Not thread-safe. */
final class FaultPlan {
    private final Map<Operation, Long> done = new EnumMap<>(Operation.class);
    private final Map<Operation, Map<Long, Fault>> planned = new EnumMap<>(Operation.class);
    private final Map<Long, Fault> plannedOfAnyKind = new HashMap<>();
    private long doneOfAnyKind;

    FaultPlan() {
        for (Operation operation : Operation.values()) {
            done.put(operation, 0L);
            planned.put(operation, new HashMap<>());
        }
    }

    /** Plans a fault for the {@code nth} operation of this kind from now on; 1 is the next. */
    void plan(Operation operation, long nth, Fault fault) {
        requireNth(nth);
        planned.get(operation).put(done.get(operation) + nth, fault);
    }

    /** Plans a fault for the {@code nth} operation of whatever kind from now on; 1 is the next. */
    void planAny(long nth, Fault fault) {
        requireNth(nth);
        plannedOfAnyKind.put(doneOfAnyKind + nth, fault);
    }

    /** Counts an operation and returns what it is to do wrong. */
    @Nullable
    Fault next(Operation operation) {
        doneOfAnyKind++;
        long number = done.merge(operation, 1L, Long::sum);
        Fault ofAnyKind = plannedOfAnyKind.remove(doneOfAnyKind);
        Fault ofThisKind = planned.get(operation).remove(number);
        return ofThisKind == null ? ofAnyKind : ofThisKind;
    }

    /** Returns how many planned faults have not happened yet. */
    int pending() {
        int pending = plannedOfAnyKind.size();
        for (Map<Long, Fault> faults : planned.values()) {
            pending += faults.size();
        }
        return pending;
    }

    void clear() {
        plannedOfAnyKind.clear();
        planned.values().forEach(Map::clear);
    }

    long done(Operation operation) {
        return done.get(operation);
    }

    private static void requireNth(long nth) {
        if (nth < 1) {
            throw new IllegalArgumentException("the next one is number 1, not " + nth);
        }
    }
}
