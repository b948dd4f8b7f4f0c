package io.holdfast.door;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.concurrent.Timing;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class InFlightTest {
    @Test
    void boundsRequestsAndBytes() {
        InFlight inFlight = new InFlight(3, 100, Timing.SYSTEM);
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
        InFlight inFlight = new InFlight(3, 100, Timing.SYSTEM);
        assertThat(inFlight.tryEnter(1000)).isTrue();
        assertThat(inFlight.tryEnter(0)).isFalse();
        inFlight.leave(1000);
        assertThat(inFlight.tryEnter(0)).isTrue();
        assertThat(inFlight.tryEnter(1000)).isFalse();
    }

    @Test
    void waitsForRoomAndForQuiet() throws InterruptedException {
        InFlight inFlight = new InFlight(1, 100, Timing.SYSTEM);
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

    @Test
    void knowsAClientThatWaitsForEachReply() {
        InFlight inFlight = new InFlight(8, 1000, Timing.SYSTEM);
        assertThat(oneByOne(inFlight, 100)).isTrue();
        assertThat(inFlight.tryEnter(1)).isTrue();
        assertThat(inFlight.tryEnter(1)).isTrue();
        assertThat(inFlight.isSerial()).as("with two inside").isFalse();
        inFlight.leave(1);
        assertThat(inFlight.isSerial()).as("after a single overlap").isTrue();
        for (int i = 0; i < 4; i++) {
            assertThat(inFlight.tryEnter(1)).isTrue();
            inFlight.leave(1);
        }
        assertThat(inFlight.isSerial()).as("after several").isFalse();
        inFlight.leave(1);
        assertThat(oneByOne(inFlight, 3)).as("after a few alone").isFalse();
        assertThat(oneByOne(inFlight, 100)).isTrue();
    }

    /** Returns whether the client counted as serial at the last request. */
    private static boolean oneByOne(InFlight inFlight, int count) {
        boolean serial = false;
        for (int i = 0; i < count; i++) {
            assertThat(inFlight.tryEnter(1)).isTrue();
            serial = inFlight.isSerial();
            inFlight.leave(1);
        }
        return serial;
    }
}
