package io.holdfast.bench.host;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What has to be put back: processes, mounts, loop devices, files; newest first. Runs once, at the end or when this
 * process is told to end, whichever is first.
 *
 * <p>Invariants: who makes something registers its removal before making it or at once after it, and each removal copes
 * with its thing being gone already. Once the end has begun nothing new is started: the thread that was measuring runs
 * on beside the clean-up for a moment, and what it made then would stay behind.
 */
public final class CleanUp implements AutoCloseable {
    private static volatile boolean ending;
    /** Set in a thread while it cleans up: it may start what it needs for that, and the end does not stop it. */
    private static final ThreadLocal<Boolean> CLEANING = ThreadLocal.withInitial(() -> false);

    private final ArrayDeque<Step> steps = new ArrayDeque<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Optional<Thread> hook;

    /** One removal. */
    @FunctionalInterface
    public interface Action {
        void run() throws IOException;
    }

    private record Step(String what, Action action) {}

    /** Makes Ctrl-C and SIGTERM run what is registered. */
    public CleanUp() {
        Thread thread = new Thread(this::end, "clean-up");
        Runtime.getRuntime().addShutdownHook(thread);
        hook = Optional.of(thread);
    }

    /** A part of another one, which can be run before it. */
    public CleanUp(CleanUp whole) {
        hook = Optional.empty();
        whole.later("clean up a part", this::run);
    }

    /** Throws if the end has begun. To be called before something is started. */
    static void checkGoingOn() throws IOException {
        if (ending && !CLEANING.get()) {
            throw new IOException("ending");
        }
    }

    static boolean isCleaning() {
        return CLEANING.get();
    }

    public void later(String what, Action action) {
        lock.lock();
        try {
            steps.push(new Step(what, action));
        } finally {
            lock.unlock();
        }
    }

    private void end() {
        ending = true;
        Command.endRunning();
        run();
    }

    private void run() {
        boolean cleaning = CLEANING.get();
        lock.lock();
        try {
            CLEANING.set(true);
            while (!steps.isEmpty()) {
                Step step = steps.pop();
                try {
                    step.action.run();
                } catch (IOException | RuntimeException e) {
                    System.err.println("bench: could not " + step.what + ": " + e.getMessage());
                }
            }
        } finally {
            CLEANING.set(cleaning);
            lock.unlock();
        }
    }

    @Override
    public void close() {
        run();
        if (hook.isPresent() && !ending) {
            try {
                Runtime.getRuntime().removeShutdownHook(hook.get());
            } catch (IllegalStateException begun) {
                // The end has begun just now, and finds nothing to do.
                return;
            }
        }
    }
}
