package io.holdfast.space;

import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;

/**
 * The groups that nothing is allocated from, since their bitmap cannot be read, and when to try each again. Times are
 * numbers of freezes. Not thread-safe; {@link GroupAllocator} uses it.
 */
final class ClosedGroups {
    private final Map<Long, Retry> closed = new HashMap<>();
    /** Those that are to be tried again, the next one first. */
    private final PriorityQueue<Attempt> attempts = new PriorityQueue<>();

    private record Attempt(long time, long group) implements Comparable<Attempt> {
        @Override
        public int compareTo(Attempt other) {
            return time == other.time ? Long.compare(group, other.group) : Long.compare(time, other.time);
        }
    }

    boolean isEmpty() {
        return closed.isEmpty();
    }

    int size() {
        return closed.size();
    }

    boolean has(long group) {
        return closed.containsKey(group);
    }

    /**
     * Adds a group, or notes that another attempt has failed.
     *
     * @param forGood do not try it again
     * @return whether it is new here
     */
    boolean add(long group, long now, boolean forGood) {
        Retry before = closed.get(group);
        Retry next = before == null ? Retry.first(now) : before.again(now);
        closed.put(group, next);
        if (!forGood) {
            attempts.add(new Attempt(next.next(), group));
        }
        return before == null;
    }

    /** Returns a group that it is time to try again, once; -1 if there is none. */
    long nextToRetry(long now) {
        Attempt next = attempts.peek();
        if (next == null || next.time > now) {
            return -1;
        }
        attempts.remove();
        return next.group;
    }

    /** Removes a group; returns whether it was here. */
    boolean remove(long group) {
        return closed.remove(group) != null;
    }
}
