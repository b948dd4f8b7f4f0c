package io.holdfast.sim;

import io.holdfast.inject.Guard;
import io.holdfast.inject.Injector;
import io.holdfast.inject.Point;
import io.holdfast.sim.schedule.Scheduler;
import io.holdfast.sim.schedule.Trace;
import java.util.EnumMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** Acts at the injection points of one simulation: yields, delays and failures, as the seed decides. */
final class Points implements Injector {
    private static final int DELAY_NANOS_MAX = 2_000_000;
    /** Before a check begins another pass, clients have up to so much time. */
    private static final long PASS_NANOS = DELAY_NANOS_MAX * 1000L;

    private static final int FORGOTTEN_ONE_IN = 24;

    private static final int HURRIED_PAUSES_ONE_IN = 256;

    private final Scenario scenario;
    private final Scheduler scheduler;
    private final Trace trace;
    private final SplittableRandom random;
    private final EnumMap<Point, Long> passed = new EnumMap<>(Point.class);
    private @Nullable Point armed;
    private int armedNth;
    private Runnable surprise = () -> {};
    private @Nullable Point failing;
    private long failingNth;
    /** Whether there is now and then no room for changes, so that their writers wait for a checkpoint. */
    private final boolean fullAtTimes;

    private final SplittableRandom fullness;
    /** Whether recovery is short of memory, and closing short of time. */
    private final boolean shortAtTimes;

    private final SplittableRandom shortness;

    /** One of so many requests over NBD fails with an error; 0 for none. */
    private final int errorEvery;

    private final SplittableRandom errorChance;
    private int errors;

    /** For how long a volume that grows stays in between. */
    private final SplittableRandom growth;

    private final SplittableRandom checking;
    /** Checks that are about to begin another pass. */
    private int passes;

    private final SplittableRandom forgetting;
    private volatile boolean forgets;

    private @Nullable Runnable afterGrowthDelay;
    private volatile @Nullable Thread hurried;

    Points(Scenario scenario, Scheduler scheduler, Trace trace) {
        this.scenario = scenario;
        this.scheduler = scheduler;
        this.trace = trace;
        this.random = scenario.random("points");
        this.fullness = scenario.random("fullness");
        this.growth = scenario.random("growth");
        this.checking = scenario.random("slow checks");
        this.forgetting = scenario.random("forgetting");
        this.fullAtTimes = fullness.nextInt(16) == 0;
        this.shortness = scenario.random("shortness");
        this.shortAtTimes = shortness.nextInt(3) == 0;
        this.errorChance = scenario.random("errors");
        this.errorEvery = errorChance.nextInt(3) > 0 ? 0 : 20 + errorChance.nextInt(100);
    }

    @Override
    public void at(Point point) {
        Thread thread = Thread.currentThread();
        if (!thread.isVirtual()) {
            return;
        }
        scheduler.seen(thread);
        passed.merge(point, 1L, Long::sum);
        if (point == armed && --armedNth == 0) {
            surprise.run();
        }
        if (scenario.slowReaders() && isReading(point) && random.nextInt(8) == 0) {
            scheduler.sleep(DELAY_NANOS_MAX * 200L);
            return;
        }
        if (point == Point.GROWTH_MAPPED && growth.nextBoolean()) {
            // Clients get the time to use the new groups, if they can.
            scheduler.sleep(growth.nextLong(DELAY_NANOS_MAX * 200L));
            if (afterGrowthDelay != null) {
                afterGrowthDelay.run();
            }
            return;
        }
        if (point == Point.CHECK_PASS_BEGINS) {
            passes++;
            try {
                scheduler.sleep(checking.nextLong(PASS_NANOS));
            } finally {
                passes--;
            }
            return;
        }
        if (point == Point.CHECKPOINT_TOLD) {
            if (passes > 0) {
                // The check gets the time to begin its pass, if it may.
                scheduler.sleep(PASS_NANOS);
            }
            return;
        }
        if (isOfCheck(point) && checking.nextInt(3) == 0) {
            // Clients get the time to overwrite what the check has found the place of.
            scheduler.sleep(checking.nextLong(DELAY_NANOS_MAX * 200L));
            return;
        }
        if (thread.equals(hurried)) {
            if (random.nextInt(HURRIED_PAUSES_ONE_IN) == 0) {
                scheduler.pause();
            }
            return;
        }
        int choice = random.nextInt(scenario.pausing() * 8);
        if (choice >= 8) {
            return;
        }
        trace.event(scheduler.nanoTime(), "point", point.name().hashCode(), choice, point::name);
        if (choice == 0) {
            scheduler.sleep(delay());
        } else {
            scheduler.pause();
        }
    }

    /** Lets a thread go on at nearly all points from now on: it is faster than any device. */
    void hurry(Thread thread) {
        hurried = thread;
    }

    private static boolean isOfCheck(Point point) {
        return point == Point.CHECK_SLICE_WALKED
                || point == Point.CHECK_DATA_GATHERED
                || point == Point.CHECK_PASS_BEGAN;
    }

    private static boolean isShortage(Point point) {
        return point == Point.RECOVERY_MEMORY || point == Point.CHECKPOINT_LATE;
    }

    private static boolean isReading(Point point) {
        return point == Point.READ_MAPPED || point == Point.NODE_POINTED_TO;
    }

    /**
     * Returns a delay. Now and then it is so long that everything else comes first, or that every block is reused
     * meanwhile.
     */
    private long delay() {
        return switch (random.nextInt(32)) {
            case 0 -> DELAY_NANOS_MAX * 200L;
            case 1, 2, 3 -> DELAY_NANOS_MAX * 20L;
            default -> random.nextInt(DELAY_NANOS_MAX);
        };
    }

    /** Runs {@code what} once, when the point is passed the nth time from now on. */
    void arm(Point point, int nth, Runnable what) {
        armed = point;
        armedNth = nth;
        surprise = what;
    }

    /** Runs {@code what} when the clients had time to use the groups of a volume that grows. */
    void armGrowth(Runnable what) {
        afterGrowthDelay = what;
    }

    /** Cancels {@link #arm} and {@link #armGrowth} if their time has not come. */
    void disarm() {
        armed = null;
        afterGrowthDelay = null;
    }

    /** Fails only the nth allocation at this point from now on; null for none. */
    void failOnce(@Nullable Point point, long nth) {
        failing = point;
        failingNth = nth;
    }

    /** Says whether checkpoints forget blocks that leave the trees, now and then. */
    void setForgetful(boolean now) {
        forgets = now;
    }

    /** Returns whether the failure has happened. */
    boolean failedOnce() {
        return failing != null && failingNth <= 0;
    }

    @Override
    public boolean fails(Point point) {
        passed.merge(point, 1L, Long::sum);
        if (point == Point.CHECKPOINT_FORGETS) {
            return forgets && forgetting.nextInt(FORGOTTEN_ONE_IN) == 0;
        }
        if (point == Point.CHANGES_FULL && fullAtTimes && fullness.nextInt(16) == 0) {
            return true;
        }
        if (shortAtTimes && isShortage(point) && shortness.nextInt(8) == 0) {
            return true;
        }
        if (isOfASession(point)) {
            return errorIn(point);
        }
        return point == failing && --failingNth == 0;
    }

    private static boolean isOfASession(Point point) {
        return point == Point.ALLOCATE_REQUEST || point == Point.ALLOCATE_WORK || point == Point.ALLOCATE_REPLY;
    }

    private boolean errorIn(Point point) {
        boolean fails = errorEvery > 0 && errorChance.nextInt(errorEvery) == 0;
        if (fails) {
            errors++;
            trace.event(scheduler.nanoTime(), "error", point.name().hashCode(), errors, point::name);
        }
        return fails;
    }

    /** Returns how often a session has been without memory. */
    int errors() {
        return errors;
    }

    @Override
    public boolean off(Guard guard) {
        return scenario.off().contains(guard);
    }

    /** Returns how often each point was passed. */
    Map<Point, Long> passed() {
        return passed;
    }
}
