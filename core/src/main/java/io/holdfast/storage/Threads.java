package io.holdfast.storage;

import org.jspecify.annotations.Nullable;

/** Waiting for threads without losing an interrupt. */
public final class Threads {
    private Threads() {}

    /** Waits for the end of a thread; an interrupt is kept for later. */
    public static void join(@Nullable Thread thread) {
        boolean interrupted = false;
        while (thread != null) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
