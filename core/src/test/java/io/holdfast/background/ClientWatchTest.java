package io.holdfast.background;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.background.ClientWatch.Verdict;
import org.junit.jupiter.api.Test;

class ClientWatchTest {
    private static final long MICRO = 1_000;

    private final JumpingTime time = new JumpingTime();
    private final ClientWaits waits = new ClientWaits(time);
    private final ClientWatch watch = new ClientWatch(waits, time.nanoTime());

    /** Lets clients make calls that take so long, one after the other, for a window; returns what a look then says. */
    private Verdict window(ClientWaits.Call call, long nanos, boolean moves) {
        long end = time.nanoTime() + ClientWatch.WINDOW_NANOS;
        if (moves) {
            watch.moves(4096);
        }
        while (time.nanoTime() < end) {
            long begun = waits.begin();
            time.pass(nanos);
            waits.ended(call, begun);
        }
        return watch.look(time.nanoTime());
    }

    @Test
    void withoutClientsAJobIsFree() {
        watch.moves(4096);
        time.pass(ClientWatch.WINDOW_NANOS);
        assertThat(watch.look(time.nanoTime())).isEqualTo(Verdict.NONE);
        time.pass(ClientWatch.LONG_NANOS);
        assertThat(watch.look(time.nanoTime())).isEqualTo(Verdict.QUIET);
    }

    @Test
    void fewSlowCallsAreClientsToo() {
        for (int i = 0; i < 4; i++) {
            window(ClientWaits.Call.READ, 15_000 * MICRO, false);
        }
        Verdict verdict = Verdict.NONE;
        for (int i = 0; i < 5; i++) {
            verdict = window(ClientWaits.Call.READ, 60_000 * MICRO, true);
            if (verdict != Verdict.NONE) {
                break;
            }
        }
        assertThat(verdict).isEqualTo(Verdict.NOTICED);
    }

    @Test
    void whatIsUsualIsLearnedWithoutJobs() {
        assertThat(window(ClientWaits.Call.WRITE, 100 * MICRO, false)).isEqualTo(Verdict.NONE);
        assertThat(window(ClientWaits.Call.WRITE, 100 * MICRO, true)).isEqualTo(Verdict.UNNOTICED);
        assertThat(window(ClientWaits.Call.WRITE, 110 * MICRO, true)).isEqualTo(Verdict.UNNOTICED);
        assertThat(window(ClientWaits.Call.WRITE, 130 * MICRO, true))
                .as("one window alone")
                .isEqualTo(Verdict.UNNOTICED);
        assertThat(window(ClientWaits.Call.WRITE, 160 * MICRO, true)).isEqualTo(Verdict.NOTICED);
        assertThat(window(ClientWaits.Call.WRITE, 100 * MICRO, true))
                .as("the jobs are slower now")
                .isEqualTo(Verdict.UNNOTICED);
    }

    @Test
    void eachKindOfCallHasItsOwnUsualTime() {
        window(ClientWaits.Call.READ, 100 * MICRO, false);
        window(ClientWaits.Call.FLUSH, 3000 * MICRO, false);
        assertThat(window(ClientWaits.Call.FLUSH, 3100 * MICRO, true)).isEqualTo(Verdict.UNNOTICED);
        assertThat(window(ClientWaits.Call.READ, 150 * MICRO, true)).isEqualTo(Verdict.NOTICED);
        assertThat(window(ClientWaits.Call.WRITE, 3000 * MICRO, true))
                .as("a kind that was never seen without jobs says nothing")
                .isEqualTo(Verdict.UNNOTICED);
    }

    @Test
    void whileClientsAreBusyJobsStandStillNowAndThenToLearnAnew() {
        window(ClientWaits.Call.READ, 100 * MICRO, false);
        long noticed = 0;
        boolean stood = false;
        for (int i = 0; i < 100; i++) {
            boolean still = watch.nanosToStandStill(time.nanoTime()) > 0;
            stood |= still;
            // The clients do something else from now on, which takes longer in any case.
            Verdict verdict = window(ClientWaits.Call.READ, 500 * MICRO, !still);
            noticed = verdict == Verdict.NOTICED ? noticed + 1 : noticed;
        }
        assertThat(stood).isTrue();
        assertThat(noticed).as("until it had learned").isBetween(1L, 99L);
        assertThat(window(ClientWaits.Call.READ, 500 * MICRO, true)).isEqualTo(Verdict.UNNOTICED);
    }

    @Test
    void aWindowOfOldTimesSaysNothing() {
        window(ClientWaits.Call.READ, 100 * MICRO, false);
        watch.moves(4096);
        time.pass(3_600_000_000_000L);
        assertThat(window(ClientWaits.Call.READ, 9000 * MICRO, false)).isEqualTo(Verdict.NONE);
    }
}
