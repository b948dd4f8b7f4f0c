package io.holdfast.concurrent;

import org.jspecify.annotations.Nullable;

/** Threads for background work, and waiting for them without losing an interrupt. */
public final class Threads {
    private Threads() {}

    /**
     * Starts a thread of the caller's kind: a platform thread, which does its own system calls, or, for a caller on a
     * virtual thread (the simulator), a virtual one.
     */
    public static Thread start(String name, Runnable task) {
        Thread thread = unstarted(name, task);
        thread.start();
        return thread;
    }

    /** Makes such a thread for the caller to start. */
    public static Thread unstarted(String name, Runnable task) {
        Thread.Builder builder = Thread.currentThread().isVirtual()
                ? Thread.ofVirtual()
                : Thread.ofPlatform().daemon();
        return builder.name(name).unstarted(task);
    }

    /** Waits for the end of a thread; keeps an interrupt for later. */
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
