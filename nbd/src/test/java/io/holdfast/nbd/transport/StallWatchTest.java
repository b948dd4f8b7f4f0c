package io.holdfast.nbd.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class StallWatchTest {
    private static final long LIMIT = 1000;

    private final PeerProgress progress = new PeerProgress();
    private final StallWatch watch = new StallWatch(progress, Duration.ofNanos(LIMIT));
    /** Begins below zero and passes it, as the system's clock may. */
    private long now = -3 * LIMIT;

    private boolean stalledAfter(long nanos) {
        now += nanos;
        return watch.look(now).isPresent();
    }

    @Test
    void aPeerThatOwesNothingMayBeSilentForEver() {
        for (int i = 0; i < 5; i++) {
            assertThat(stalledAfter(10 * LIMIT)).isFalse();
            progress.beginSending();
            progress.endSending();
            progress.beginReceiving();
            progress.endReceiving();
        }
    }

    @Test
    void aPeerThatTakesNothingIsFoundWhenTheLimitIsOver() {
        assertThat(stalledAfter(0)).isFalse();
        progress.beginSending();
        assertThat(stalledAfter(LIMIT)).as("the first look that sees it").isFalse();
        assertThat(stalledAfter(LIMIT - 1)).isFalse();
        assertThat(stalledAfter(1)).isTrue();
        assertThat(watch.look(now)).hasValueSatisfying(why -> assertThat(why).contains("taken none of its replies"));
        progress.endSending();
        assertThat(stalledAfter(LIMIT)).isFalse();
    }

    @Test
    void aPeerThatSendsNothingOfAPayloadIsFound() {
        progress.beginReceiving();
        assertThat(stalledAfter(0)).isFalse();
        assertThat(stalledAfter(LIMIT)).isTrue();
        assertThat(watch.look(now)).hasValueSatisfying(why -> assertThat(why).contains("a part of a request"));
    }

    @Test
    void aPeerThatMovesIsNotFoundHoweverSlowItIs() {
        progress.beginReceiving();
        for (int i = 0; i < 10; i++) {
            assertThat(stalledAfter(LIMIT - 1)).isFalse();
            progress.received();
            progress.beginSending();
            assertThat(stalledAfter(LIMIT - 1)).isFalse();
            progress.endSending();
        }
    }

    /** The one must not hide the other. */
    @Test
    void sendingAndReceivingCountApart() {
        progress.beginReceiving();
        assertThat(stalledAfter(0)).isFalse();
        for (int i = 0; i < 3; i++) {
            progress.beginSending();
            progress.endSending();
        }
        assertThat(stalledAfter(LIMIT)).isTrue();
    }
}
