package io.holdfast.failure;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Test;

/** Failures that come at once: one is the first for everybody, and whoever waits is woken. */
class FailureLatchInterleavingsTest {
    /** Held so that its level stays. */
    private static final Logger QUIET = Logger.getLogger("holdfast");

    @Test
    void everybodyIsToldTheSameFirstFailure() {
        QUIET.setLevel(Level.OFF);
        new ModelCheckingOptions()
                .threads(2)
                .actorsPerThread(2)
                .actorsBefore(0)
                .actorsAfter(1)
                .iterations(8)
                .invocationsPerIteration(100)
                .check(Latch.class);
    }

    /** The latch, with its messages as results. */
    public static final class Latch {
        private final FailureLatch latch = new FailureLatch();
        private final AtomicInteger listeners = new AtomicInteger();
        private final AtomicInteger woken = new AtomicInteger();

        @Operation
        public String fail(boolean one) {
            HoldfastException told = latch.fail(new HoldfastException(ErrorCode.DEVICE_ERROR, one ? "one" : "another"));
            return String.valueOf(told.getMessage());
        }

        @Operation
        public String check() {
            try {
                latch.check();
                return "";
            } catch (HoldfastException e) {
                return String.valueOf(e.getMessage());
            }
        }

        @Operation
        public void listen() {
            listeners.incrementAndGet();
            latch.onFailure(woken::incrementAndGet);
        }

        @Validate
        public void everybodyWasWoken() {
            if (latch.failed() && woken.get() < listeners.get()) {
                throw new IllegalStateException("%d of %d woken".formatted(woken.get(), listeners.get()));
            }
        }
    }
}
