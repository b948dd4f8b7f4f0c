package io.holdfast.bench.host;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Removes processes, mounts, loop devices and files, newest first. Runs once: at the end, or when this process is told
 * to end.
 *
 * <p>Invariants: code that makes something registers its removal just before or just after. Each removal succeeds if
 * its object is gone already. Once the clean-up has begun nothing new is started: the measuring thread runs on beside
 * it for a moment, and anything it made then would stay behind.
 */
public final class CleanUp implements AutoCloseable {
    private static volatile boolean ending;
    /**
     * True in a thread while it cleans up: it may start the programs that it needs for that, and the clean-up does not
     * end them.
     */
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

    /** Makes Ctrl-C and SIGTERM run the registered removals. */
    public CleanUp() {
        Thread thread = new Thread(this::end, "clean-up");
        Runtime.getRuntime().addShutdownHook(thread);
        hook = Optional.of(thread);
    }

    /** Makes a part of another clean-up, which can be run earlier. */
    public CleanUp(CleanUp whole) {
        hook = Optional.empty();
        whole.later("clean up a part", this::run);
    }

    /** Throws if the clean-up has begun. Call this before you start something. */
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
                // The shutdown has begun meanwhile, and finds nothing to do.
                return;
            }
        }
    }
}
