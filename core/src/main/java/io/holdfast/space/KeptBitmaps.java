package io.holdfast.space;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Copies of the bitmaps on the device, of the groups that the allocator has in memory. So a checkpoint can change the
 * bitmap of a group in use even if the device cannot give it back: that writes a good one to its other home.
 *
 * <p>Invariant: nobody changes an array that is here. Thread-safe; no method waits for the device.
 */
final class KeptBitmaps {
    private record Kept(long version, long[] allocated) {}

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Long, Kept> kept = new HashMap<>();

    void keep(long group, long version, long[] allocated) {
        lock.lock();
        try {
            kept.put(group, new Kept(version, allocated));
        } finally {
            lock.unlock();
        }
    }

    void forget(long group) {
        lock.lock();
        try {
            kept.remove(group);
        } finally {
            lock.unlock();
        }
    }

    /** Notes the new bitmap of a group, if its old one is here. */
    void changed(long group, long version, long[] allocated) {
        lock.lock();
        try {
            kept.computeIfPresent(group, (_, _) -> new Kept(version, allocated));
        } finally {
            lock.unlock();
        }
    }

    /** Returns the bitmap of a group in one version, null if it is not here. */
    long @Nullable [] get(long group, long version) {
        lock.lock();
        try {
            Kept found = kept.get(group);
            return found == null || found.version != version ? null : found.allocated;
        } finally {
            lock.unlock();
        }
    }
}
