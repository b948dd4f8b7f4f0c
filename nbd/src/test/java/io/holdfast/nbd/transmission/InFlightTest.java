package io.holdfast.nbd.transmission;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class InFlightTest {
    @Test
    void boundsRequestsAndBytes() {
        InFlight inFlight = new InFlight(3, 100);
        assertThat(inFlight.tryEnter(60)).isTrue();
        assertThat(inFlight.tryEnter(41)).isFalse();
        assertThat(inFlight.tryEnter(40)).isTrue();
        assertThat(inFlight.tryEnter(0)).isTrue();
        assertThat(inFlight.tryEnter(0)).isFalse();
        inFlight.leave(60);
        assertThat(inFlight.tryEnter(60)).isTrue();
    }

    @Test
    void letsOneLargeRequestInAlone() {
        InFlight inFlight = new InFlight(3, 100);
        assertThat(inFlight.tryEnter(1000)).isTrue();
        assertThat(inFlight.tryEnter(0)).isFalse();
        inFlight.leave(1000);
        assertThat(inFlight.tryEnter(0)).isTrue();
        assertThat(inFlight.tryEnter(1000)).isFalse();
    }

    @Test
    void waitsForRoomAndForQuiet() throws InterruptedException {
        InFlight inFlight = new InFlight(1, 100);
        inFlight.enter(10);
        assertThat(inFlight.awaitIdle(0)).isFalse();
        CountDownLatch entered = new CountDownLatch(1);
        Thread other = Thread.ofPlatform().start(() -> {
            inFlight.enter(20);
            entered.countDown();
            inFlight.leave(20);
        });
        inFlight.leave(10);
        entered.await();
        inFlight.awaitIdle();
        other.join();
        assertThat(inFlight.awaitIdle(0)).isTrue();
    }
}
