package io.holdfast.engine;

import io.holdfast.error.DamagePolicy;
import io.holdfast.error.HoldfastException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The policy of a rescue: go past damage and remember what it was. Keeps a bounded number of different messages and counts
 * the others, the same one perhaps several times. Thread-safe.
 */
final class SkippedDamage implements DamagePolicy {
    private static final int KEPT_MAX = 1000;

    private final ReentrantLock lock = new ReentrantLock();
    private final Set<String> met = new LinkedHashSet<>();
    private long more;

    @Override
    public void met(HoldfastException damage) throws HoldfastException {
        switch (damage.code()) {
            case CHECKSUM_MISMATCH, DAMAGED, DEVICE_ERROR -> note(String.valueOf(damage.getMessage()));
            default -> throw damage;
        }
    }

    private void note(String message) {
        lock.lock();
        try {
            if (met.contains(message)) {
                return;
            }
            if (met.size() < KEPT_MAX) {
                met.add(message);
            } else {
                more++;
            }
        } finally {
            lock.unlock();
        }
    }

    /** Returns what was met so far, a line each. */
    List<String> lines() {
        lock.lock();
        try {
            List<String> lines = new ArrayList<>(met);
            if (more > 0) {
                lines.add("… and " + more + " more");
            }
            return lines;
        } finally {
            lock.unlock();
        }
    }
}
