package io.holdfast.cli.serve;

import io.holdfast.cli.control.Served;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CheckOptions;
import io.holdfast.volume.FinishedCheck;
import io.holdfast.volume.JobKind;
import io.holdfast.volume.Progress;
import io.holdfast.volume.Volume;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Starts a check when the last one that came to its end is so long ago. The volume itself knows when that was, so a check that
 * is cut by the end of the server begins again with the next one.
 *
 * <p>What somebody has set of it with {@code holdfast jobs}, a pause or a rate, it still has when it begins again.
 *
 * <p>A check that ends early in another way (somebody has cancelled it) is tried again after the same time, a day at most.
 */
final class CheckSchedule implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("io.holdfast.check");
    private static final Duration AGAIN_MAX = Duration.ofDays(1);
    private static final Duration SHORTAGE = Duration.ofMinutes(1);
    private static final Duration STOP_MAX = Duration.ofSeconds(5);

    private final Optional<Duration> every;
    private final InstantSource clock;
    private @Nullable Thread running;
    private volatile Instant notBefore = Instant.MIN;

    /** @param every the time from one check to the next; empty for no checks */
    CheckSchedule(Optional<Duration> every, InstantSource clock) {
        this.every = every;
        this.clock = clock;
    }

    /** Starts a check if it is time for that. One thread calls this, again and again. */
    void look(Served served) {
        Thread last = running;
        if (every.isEmpty() || (last != null && last.isAlive())) {
            return;
        }
        Volume volume = served.volume();
        if (!clock.instant().isBefore(notBefore) && volume.failure().isEmpty() && isDue(volume, every.get())) {
            try {
                running = Thread.ofPlatform().daemon().name("scheduled-check").start(() -> check(served, every.get()));
            } catch (OutOfMemoryError e) {
                LOG.log(Level.WARNING, "no thread for a scheduled check; it is tried again in a minute", e);
                notBefore = clock.instant().plus(SHORTAGE);
            }
        }
    }

    private boolean isDue(Volume volume, Duration time) {
        try {
            if (volume.jobs().list().stream().anyMatch(job -> job.kind() == JobKind.CHECK)) {
                return false;
            }
            Instant now = clock.instant();
            Optional<FinishedCheck> last = volume.lastCheck();
            if (last.isEmpty() || last.get().finished().isAfter(now)) {
                return true; // One in the future was noted while the clock was wrong.
            }
            notBefore = last.get().finished().plus(time);
            return !notBefore.isAfter(now);
        } catch (HoldfastException e) {
            if (e.code() == ErrorCode.CLOSED) {
                return false; // It is being opened again.
            }
            LOG.log(
                    Level.WARNING,
                    "nobody knows when the volume was last checked, so it is checked now: {0}",
                    e.getMessage());
            return true;
        }
    }

    private void check(Served served, Duration time) {
        try {
            served.check(CheckOptions.LASTING, Progress.NONE);
            // Also if the volume could not note it.
            notBefore = clock.instant().plus(time);
        } catch (HoldfastException e) {
            Duration again = time.compareTo(AGAIN_MAX) < 0 ? time : AGAIN_MAX;
            if (e.code() != ErrorCode.IN_USE && e.code() != ErrorCode.CLOSED) {
                notBefore = clock.instant().plus(again);
            }
        } catch (RuntimeException | Error e) {
            notBefore = clock.instant().plus(time.compareTo(AGAIN_MAX) < 0 ? time : AGAIN_MAX);
            LOG.log(Level.ERROR, "a scheduled check ended early, and is tried again later", e);
        }
    }

    /** Waits for the end of the check, which ends when its volume is closed. */
    @Override
    public void close() {
        Thread last = running;
        try {
            if (last != null && !last.join(STOP_MAX)) {
                LOG.log(
                        Level.WARNING,
                        "a scheduled check still runs after {0} s; the server ends without it",
                        STOP_MAX.toSeconds());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
