package io.holdfast.failure;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Remembers the first failed write or flush for good. From then on nothing more is written and nothing is reported as
 * durable: a flush that failed once must not succeed on a second try (fsyncgate).
 */
public final class FailureLatch {
    private final AtomicReference<@Nullable HoldfastException> first = new AtomicReference<>();
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    /** Made beforehand, for a failure without the memory to say more. */
    private final HoldfastException withoutMemory = new HoldfastException(
            ErrorCode.FAILED,
            "the volume takes no more writes since memory ran out. What was flushed before is safe; open the volume again");

    /**
     * Latches the failure if it is the first, and returns the error for all writers. Latches also if there is no memory
     * to say why, or the stack is at its end.
     */
    public HoldfastException fail(Throwable cause) {
        HoldfastException failure = withoutMemory;
        try {
            failure = failureFor(cause);
        } catch (OutOfMemoryError | StackOverflowError e) {
            // It is latched without its cause.
        }
        if (Inject.off(Guard.FAILURES_LATCH)) {
            return failure;
        }
        if (first.compareAndSet(null, failure)) {
            HoldfastException latched = failure;
            quietly(() -> System.getLogger("holdfast").log(System.Logger.Level.ERROR, latched.getMessage()));
            listeners.forEach(FailureLatch::quietly);
        }
        return report();
    }

    private static HoldfastException failureFor(Throwable cause) {
        String why = cause instanceof HoldfastException ? String.valueOf(cause.getMessage()) : cause.toString();
        return new HoldfastException(
                ErrorCode.FAILED,
                "the volume takes no more writes since this failed: %s. What was flushed before is safe; mend the device, then open the volume again"
                        .formatted(why),
                cause);
    }

    /** Runs one of several things to do, so that the others are done even if memory runs out in it. */
    private static void quietly(Runnable step) {
        try {
            step.run();
        } catch (OutOfMemoryError | StackOverflowError e) {
            // The failure itself is latched.
        }
    }

    /** Throws if something has failed. */
    public void check() throws HoldfastException {
        if (first.get() != null) {
            throw report();
        }
    }

    public boolean failed() {
        return first.get() != null;
    }

    public @Nullable HoldfastException failure() {
        return first.get();
    }

    /** Has {@code wake} run on a failure, at least once and perhaps twice, to wake threads that would wait in vain. */
    public void onFailure(Runnable wake) {
        listeners.add(wake);
        if (failed()) {
            wake.run();
        }
    }

    private HoldfastException report() {
        HoldfastException cause = first.get();
        if (cause == null) {
            throw new IllegalStateException("nothing has failed");
        }
        return new HoldfastException(ErrorCode.FAILED, String.valueOf(cause.getMessage()), cause);
    }
}
