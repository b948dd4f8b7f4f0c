package io.holdfast.background;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.JobKind;
import io.holdfast.volume.JobSettings;
import io.holdfast.volume.JobState;
import io.holdfast.volume.JobStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class BackgroundTest {
    private static final int MIB = 1 << 20;
    private static final long SECOND = 1_000_000_000;

    private final JumpingTime time = new JumpingTime();
    private final Background background = new Background(time);

    private static void refused(ErrorCode code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        HoldfastException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    private JobStatus only() {
        assertThat(background.list()).hasSize(1);
        return background.list().getFirst();
    }

    private void quietly(Action action) {
        try {
            action.run();
        } catch (HoldfastException e) {
            throw new IllegalStateException(e);
        }
    }

    private interface Action {
        void run() throws HoldfastException;
    }

    @Test
    void aJobIsListedWithWhatItDoes() throws HoldfastException {
        try (Job job = background.begin(JobKind.CHECK, "the volume", 0, null)) {
            job.move(MIB).close();
            job.progress(30, 120);
            time.pass(SECOND);
            assertThat(only())
                    .isEqualTo(new JobStatus(
                            1, JobKind.CHECK, "the volume", JobState.RUNNING, 30, 120, MIB, 0, 0, SECOND));
            assertThat(only().percent()).isEqualTo(25);
            job.setIdle(true);
            assertThat(only().state()).isEqualTo(JobState.WAITING);
        }
        assertThat(background.list()).isEmpty();
    }

    @Test
    void ofEachKindThereIsOneJob() throws HoldfastException {
        Job check = background.begin(JobKind.CHECK, "the volume", 0, null);
        check.progress(1, 4);
        background.begin(JobKind.REAP, "space", 0, null);
        assertThatThrownBy(() -> background.begin(JobKind.CHECK, "the volume", 0, null))
                .hasMessage(
                        "a check runs already (job 1, running, 25 % done); wait for its end, or cancel it with 'holdfast jobs'");
        check.close();
        assertThat(background.begin(JobKind.CHECK, "again", 0, null).id).isEqualTo(3);
    }

    @Test
    void theRateOfAJobIsObeyedAndCanBeChangedWhileItRuns() throws HoldfastException {
        Job job = background.begin(JobKind.CHECK, "the volume", 10 * MIB, null);
        long start = time.nanoTime();
        for (int i = 0; i < 100; i++) {
            job.move(MIB).close();
        }
        assertThat(time.nanoTime() - start).isBetween(98 * SECOND / 10, 10 * SECOND);
        assertThat(only().rate()).isEqualTo(10 * MIB);
        assertThat(job.bytesWithin(SECOND / 2)).isEqualTo(5 * MIB);
        background.limit(1, 100 * MIB);
        start = time.nanoTime();
        for (int i = 0; i < 100; i++) {
            job.move(MIB).close();
        }
        assertThat(time.nanoTime() - start).isBetween(9 * SECOND / 10, 11 * SECOND / 10);
        background.limit(1, 0);
        start = time.nanoTime();
        job.move(Background.IN_FLIGHT_MAX).close();
        job.move(Background.IN_FLIGHT_MAX).close();
        assertThat(time.nanoTime()).isEqualTo(start);
        refused(ErrorCode.INVALID, () -> background.limit(1, -1));
    }

    @Test
    void aPausedJobIsGivenNothingUntilItIsResumed() throws HoldfastException {
        AtomicInteger heartbeats = new AtomicInteger();
        Job job = background.begin(JobKind.CHECK, "the volume", 0, heartbeats::incrementAndGet);
        background.pause(1);
        assertThat(only().state()).isEqualTo(JobState.PAUSED);
        assertThatThrownBy(() -> job.moveUnlessPaused(1)).isInstanceOf(JobPausedException.class);
        for (int i = 0; i < 5; i++) {
            time.whileWaiting(() -> assertThat(only().movedBytes()).isZero());
        }
        time.whileWaiting(() -> quietly(() -> background.resume(1)));
        job.move(MIB).close();
        assertThat(heartbeats.get()).as("its owner hears of it meanwhile").isEqualTo(6);
        assertThat(only().movedBytes()).isEqualTo(MIB);
    }

    @Test
    void whoNeedsWhatAPausedJobDoesMakesItGoOn() throws HoldfastException {
        Job job = background.begin(JobKind.REAP, "space", 1, null);
        background.pause(1);
        assertThat(job.mayGoOn()).isFalse();
        try (Job.Move _ = job.hurry()) {
            assertThat(job.mayGoOn()).isTrue();
            long start = time.nanoTime();
            job.move(MIB).close();
            job.move(MIB).close();
            assertThat(time.nanoTime()).as("without regard to its rate").isEqualTo(start);
        }
        assertThatThrownBy(() -> job.moveUnlessPaused(1)).isInstanceOf(JobPausedException.class);
    }

    @Test
    void aCancelledJobEndsWhereverItIs() throws HoldfastException {
        Job job = background.begin(JobKind.CHECK, "the volume", 0, () -> {});
        background.pause(1);
        time.whileWaiting(() -> quietly(() -> background.cancel(1)));
        assertThatThrownBy(job::awaitTurn).isInstanceOfSatisfying(JobCancelledException.class, e -> {
            assertThat(e.why().code()).isEqualTo(ErrorCode.CANCELLED);
            assertThat(e.why()).hasMessage("the check was cancelled (job 1)");
        });
        job.close();
        refused(ErrorCode.NOT_FOUND, () -> background.cancel(1));
        background.begin(JobKind.REAP, "space", 0, null);
        refused(ErrorCode.INVALID, () -> background.cancel(2));
    }

    @Test
    void closingTheVolumeEndsAllButWhatClientsNeed() throws HoldfastException {
        Job check = background.begin(JobKind.CHECK, "the volume", 0, null);
        Job reaper = background.begin(JobKind.REAP, "space", 0, null);
        background.stop();
        assertThatThrownBy(() -> check.move(1)).isInstanceOf(JobCancelledException.class);
        check.close();
        reaper.move(1).close();
        refused(ErrorCode.CLOSED, () -> background.begin(JobKind.CHECK, "the volume", 0, null));
        background.admit();
        background.begin(JobKind.CHECK, "the volume", 0, null).close();
        reaper.stop();
        assertThatThrownBy(() -> reaper.move(1)).isInstanceOf(JobCancelledException.class);
    }

    @Test
    void whatAllJobsHaveUnderWayIsBounded() throws HoldfastException {
        Job check = background.begin(JobKind.CHECK, "the volume", 0, null);
        Job reaper = background.begin(JobKind.REAP, "space", 0, null);
        List<Job.Move> underWay = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            underWay.add(check.move(MIB));
        }
        long start = time.nanoTime();
        time.whileWaiting(() -> {});
        time.whileWaiting(() -> underWay.removeFirst().close());
        Job.Move more = reaper.move(MIB);
        assertThat(time.nanoTime()).isGreaterThan(start);
        assertThat(underWay).hasSize(3);
        underWay.forEach(Job.Move::close);
        more.close();
        try (Job.Move _ = check.move(100 * MIB)) {
            assertThat(background.list()).hasSize(2);
        }
    }

    /** Lets a client make calls, as many as take a second, while a job moves as much as it may. */
    private long movedInASecond(Job job, long clientNanos) {
        long end = time.nanoTime() + SECOND;
        long moved = 0;
        while (time.nanoTime() < end) {
            long begun = background.clients().begin();
            time.pass(clientNanos);
            background.clients().ended(ClientWaits.Call.WRITE, begun);
            try {
                time.whileWaiting(() -> {
                    throw new Late();
                });
                job.move(MIB / 4).close();
                moved += MIB / 4;
            } catch (Late e) {
                continue;
            }
            time.forget();
        }
        return moved;
    }

    private static final class Late extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    @Test
    void aJobMakesWayForClientsAndComesBack() throws HoldfastException {
        for (int i = 0; i < 2000; i++) {
            long begun = background.clients().begin();
            time.pass(100_000);
            background.clients().ended(ClientWaits.Call.WRITE, begun);
        }
        Job job = background.begin(JobKind.CHECK, "the volume", 0, null);
        long unnoticed = movedInASecond(job, 100_000);
        for (int i = 0; i < 2; i++) {
            movedInASecond(job, 200_000);
        }
        long noticed = movedInASecond(job, 200_000);
        assertThat(noticed).isLessThan(unnoticed / 4).isGreaterThanOrEqualTo(Pace.RATE_MIN / 2);
    }

    /** Calls that take longer than a window are few; that does not mean that there are no clients. */
    @Test
    void aJobMakesWayForClientsWhoseCallsTakeVeryLong() throws HoldfastException {
        try (Job job = background.begin(JobKind.CHECK, "the volume", 0, null)) {
            slowCalls(20, SECOND / 50); // What is usual.
            job.move(0).close();
            for (int i = 0; i < 3; i++) {
                job.move(MIB).close();
                slowCalls(2, SECOND * 3 / 10);
            }
            job.move(MIB).close();
            assertThat(only().rate()).isPositive();
        }
    }

    private void slowCalls(int calls, long nanos) {
        for (int i = 0; i < calls; i++) {
            long begun = background.clients().begin();
            time.pass(nanos);
            background.clients().ended(ClientWaits.Call.WRITE, begun);
        }
    }

    /** Two commands at once: whoever keeps first, the last one keeps what holds. */
    @Test
    void whatIsKeptIsWhatWasSetLast() throws HoldfastException {
        List<Supplier<Optional<JobSettings>>> asked = new ArrayList<>();
        background.keepSettings(new KeptSettings() {
            @Override
            public JobSettings of(JobKind kind) {
                return JobSettings.NONE;
            }

            @Override
            public void keep(JobKind kind, Supplier<Optional<JobSettings>> settings) {
                asked.add(settings);
            }
        });
        try (Job job = background.beginLasting(JobKind.CHECK, "the volume", null)) {
            background.pause(job.id);
            background.limit(job.id, MIB);
            background.resume(job.id);
            assertThat(asked)
                    .hasSize(3)
                    .allSatisfy(settings -> assertThat(settings.get()).contains(new JobSettings(false, MIB)));
            background.cancel(job.id);
        }
        assertThat(asked)
                .hasSize(3)
                .allSatisfy(settings -> assertThat(settings.get()).isEmpty());
    }
}
