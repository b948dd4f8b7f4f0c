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

/** What happens at the injection points of one simulation: yields, delays, failures, by the seed. */
final class Points implements Injector {
    private static final int DELAY_NANOS_MAX = 2_000_000;

    private final Scenario scenario;
    private final Scheduler scheduler;
    private final Trace trace;
    private final SplittableRandom random;
    private final EnumMap<Point, Long> passed = new EnumMap<>(Point.class);
    private @Nullable Point failing;
    private long failingNth;

    Points(Scenario scenario, Scheduler scheduler, Trace trace) {
        this.scenario = scenario;
        this.scheduler = scheduler;
        this.trace = trace;
        this.random = scenario.random("points");
    }

    @Override
    public void at(Point point) {
        Thread thread = Thread.currentThread();
        if (!thread.isVirtual()) {
            return;
        }
        scheduler.seen(thread);
        passed.merge(point, 1L, Long::sum);
        int choice = random.nextInt(scenario.pausing() * 8);
        if (choice >= 8) {
            return;
        }
        trace.event(scheduler.nanoTime(), "point", point.name().hashCode(), choice, point::name);
        if (choice == 0) {
            // Now and then so long that everything else comes first.
            scheduler.sleep(random.nextInt(8) == 0 ? DELAY_NANOS_MAX * 20L : random.nextInt(DELAY_NANOS_MAX));
        } else {
            scheduler.pause();
        }
    }

    /** The nth time that this is allocated from now on, and no other, fails. */
    void failOnce(Point point, long nth) {
        failing = point;
        failingNth = nth;
    }

    /** Returns whether the failure has come. */
    boolean failedOnce() {
        return failing != null && failingNth <= 0;
    }

    @Override
    public boolean fails(Point point) {
        passed.merge(point, 1L, Long::sum);
        return point == failing && --failingNth == 0;
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
