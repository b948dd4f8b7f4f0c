package io.holdfast.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.control.Served;
import io.holdfast.cli.fake.FakeJobs;
import io.holdfast.cli.fake.FakeVolume;
import io.holdfast.cli.fake.Household;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CheckOptions;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.FinishedCheck;
import io.holdfast.volume.Progress;
import io.holdfast.volume.Volume;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** When a server checks its volume by itself. Each look waits for the check that it has started. */
@Timeout(60)
class CheckScheduleTest {
    private static final Instant START = Instant.parse("2026-11-30T00:00:00Z");

    @TempDir
    private Path folder;

    private final AtomicInteger checks = new AtomicInteger();
    private FakeVolume volume;
    private Instant now = START;
    private volatile @Nullable HoldfastException error;
    private CheckSchedule schedule = new CheckSchedule(Optional.of(Duration.ofDays(7)), () -> now);

    private final Served served = new Served() {
        @Override
        public Volume volume() {
            return volume;
        }

        @Override
        public Resumed resume() {
            throw new UnsupportedOperationException();
        }

        @Override
        public CheckReport check(CheckOptions options, Progress progress) throws HoldfastException {
            checks.incrementAndGet();
            assertThat(options).isEqualTo(CheckOptions.LASTING);
            HoldfastException why = error;
            if (why != null) {
                throw why;
            }
            volume.lastCheck = Optional.of(new FinishedCheck(now, 1, 0, 0));
            return volume.check(progress);
        }
    };

    @BeforeEach
    void format() {
        volume = new Household(folder).formatted().fake();
    }

    /** Lets time pass; returns how many checks there have been after a look. */
    private int after(Duration time) {
        now = now.plus(time);
        schedule.look(served);
        schedule.close();
        return checks.get();
    }

    @Test
    void aVolumeThatWasNeverCheckedIsCheckedAtOnce() {
        assertThat(after(Duration.ZERO)).isEqualTo(1);
        assertThat(after(Duration.ofSeconds(1))).isEqualTo(1);
        assertThat(after(Duration.ofDays(6))).isEqualTo(1);
        assertThat(after(Duration.ofDays(1))).isEqualTo(2);
    }

    @Test
    void whatCountsIsTheLastCheckWhoeverMadeIt() {
        volume.lastCheck = Optional.of(new FinishedCheck(START.minus(Duration.ofDays(6)), 1, 3, 0));
        assertThat(after(Duration.ZERO)).isZero();
        volume.lastCheck = Optional.of(new FinishedCheck(START, 1, 0, 0));
        assertThat(after(Duration.ofDays(6))).isZero();
        assertThat(after(Duration.ofDays(1))).isEqualTo(1);
    }

    @Test
    void aCheckThatTheClockPutIntoTheFutureIsNotBelieved() {
        volume.lastCheck = Optional.of(new FinishedCheck(START.plus(Duration.ofDays(3650)), 1, 0, 0));
        assertThat(after(Duration.ZERO)).isEqualTo(1);
    }

    @Test
    void oneThatWasCancelledIsTriedAgainAfterADay() {
        error = new HoldfastException(ErrorCode.CANCELLED, "cancelled");
        assertThat(after(Duration.ZERO)).isEqualTo(1);
        assertThat(after(Duration.ofHours(23))).isEqualTo(1);
        assertThat(after(Duration.ofHours(1))).isEqualTo(2);
    }

    @Test
    void withAShorterTimeAfterThat() {
        schedule = new CheckSchedule(Optional.of(Duration.ofMinutes(1)), () -> now);
        error = new HoldfastException(ErrorCode.CANCELLED, "cancelled");
        assertThat(after(Duration.ZERO)).isEqualTo(1);
        assertThat(after(Duration.ofSeconds(59))).isEqualTo(1);
        assertThat(after(Duration.ofSeconds(1))).isEqualTo(2);
    }

    @Test
    void oneThatCouldNotBeNotedIsNotRepeatedAtOnce() {
        assertThat(after(Duration.ZERO)).isEqualTo(1);
        volume.lastCheck = Optional.empty();
        assertThat(after(Duration.ofDays(1))).isEqualTo(1);
        assertThat(after(Duration.ofDays(6))).isEqualTo(2);
    }

    @Test
    void oneThatWasCutByTheEndOfTheServerBeginsAgainAtOnce() {
        error = new HoldfastException(ErrorCode.CLOSED, "closed");
        assertThat(after(Duration.ZERO)).isEqualTo(1);
        error = null;
        assertThat(after(Duration.ZERO)).isEqualTo(2);
    }

    @Test
    void whileAnotherCheckRunsItWaits() throws HoldfastException {
        volume.jobs.add(FakeJobs.CHECK);
        assertThat(after(Duration.ZERO)).isZero();
        volume.jobs.cancel(FakeJobs.CHECK.id());
        assertThat(after(Duration.ZERO)).isEqualTo(1);
    }

    @Test
    void aVolumeThatHasFailedIsNotChecked() {
        volume.failWith(new HoldfastException(ErrorCode.DEVICE_ERROR, "gone"));
        assertThat(after(Duration.ZERO)).isZero();
    }

    @Test
    void withoutATimeThereAreNoChecks() {
        schedule = new CheckSchedule(Optional.empty(), () -> now);
        assertThat(after(Duration.ofDays(1000))).isZero();
    }
}
