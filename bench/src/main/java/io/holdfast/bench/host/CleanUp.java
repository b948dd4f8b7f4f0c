package io.holdfast.bench.host;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What has to be put back: processes, mounts, loop devices, files; newest first. Runs once, at the end or when the
 * process is told to end, whichever is first.
 *
 * <p>Invariant: who makes something registers its removal before making it or at once after it, and each removal copes
 * with its thing being gone already.
 */
public final class CleanUp implements AutoCloseable {
    private final ArrayDeque<Step> steps = new ArrayDeque<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Thread hook = new Thread(this::run, "clean-up");

    /** One removal. */
    @FunctionalInterface
    public interface Action {
        void run() throws IOException;
    }

    private record Step(String what, Action action) {}

    /** Makes Ctrl-C and SIGTERM run what is registered. */
    public CleanUp() {
        Runtime.getRuntime().addShutdownHook(hook);
    }

    public void later(String what, Action action) {
        lock.lock();
        try {
            steps.push(new Step(what, action));
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        lock.lock();
        try {
            while (!steps.isEmpty()) {
                Step step = steps.pop();
                try {
                    step.action.run();
                } catch (IOException | RuntimeException e) {
                    System.err.println("bench: could not " + step.what + ": " + e.getMessage());
                }
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        run();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException ending) {
            // The hook is running or has run.
            return;
        }
    }
}
