package io.holdfast.sim.schedule;

import java.util.IdentityHashMap;
import java.util.List;
import java.util.SplittableRandom;

/** Chooses the next of the threads that can run. */
public interface Order {
    /** Returns the index of the one to run. {@code ready} is not empty and in the order in which they became ready. */
    int next(List<Runnable> ready);

    /** Chooses any of them with the same probability. */
    static Order uniform(SplittableRandom random) {
        return ready -> random.nextInt(ready.size());
    }

    /**
     * Chooses the thread with the highest priority. Priorities are random, and now and then the running thread gets the
     * lowest. This finds races in which one thread must stand still for long («A Randomized Scheduler with
     * Probabilistic Guarantees of Finding Bugs», ASPLOS 2010).
     */
    static Order priorities(SplittableRandom random, int changeEvery) {
        IdentityHashMap<Runnable, Long> priorities = new IdentityHashMap<>();
        return ready -> {
            int best = 0;
            long bestPriority = Long.MIN_VALUE;
            for (int i = 0; i < ready.size(); i++) {
                long priority = priorities.computeIfAbsent(ready.get(i), _ -> random.nextLong() >>> 1);
                if (priority > bestPriority) {
                    best = i;
                    bestPriority = priority;
                }
            }
            if (random.nextInt(changeEvery) == 0) {
                priorities.put(ready.get(best), -(random.nextLong() >>> 1));
            }
            return best;
        };
    }
}
