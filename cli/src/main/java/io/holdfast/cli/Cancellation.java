package io.holdfast.cli;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Lets a command end in order after Ctrl-C, SIGTERM or SIGHUP. The signal first only asks. The command sees that at its
 * next step, undoes or finishes what it began, and closes the volume; its exit status becomes that of the process.
 *
 * <p>A command that blocks (on a server that hangs, a pipe, a device) does not come to its next step. After
 * {@link #ASK_TIME} the signal's thread therefore closes what the {@linkplain Guard guards} hold, which ends most
 * waits, and then ends the process with status 130.
 *
 * <p>Invariants: the process ends at the latest {@link #CLOSE_TIME_MAX} after that. If the command ends
 * {@link #patiently}, the process ends at the latest {@link #PATIENCE} after the signal, and nothing is closed under
 * the command.
 */
public final class Cancellation {
    private static final Duration ASK_TIME = Duration.ofSeconds(1);
    /**
     * A command that does not end within this time, after everything was closed, waits for something that cannot be
     * interrupted.
     */
    private static final Duration LEAVE_TIME = Duration.ofMillis(500);

    private static final Duration CLOSE_TIME_MAX = Duration.ofSeconds(10);
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final CountDownLatch requested = new CountDownLatch(1);
    private final CountDownLatch finished = new CountDownLatch(1);
    private final ReentrantLock lock = new ReentrantLock();
    /** Innermost first; changed under the lock. */
    private final Deque<Guard> guards = new ArrayDeque<>();

    private volatile int status = ExitCode.FAILURE.status();
    private volatile boolean patient;
    private volatile boolean forced;

    /** Returns a cancellation that no signal triggers. */
    public static Cancellation none() {
        return new Cancellation();
    }

    /** Returns a cancellation that every signal triggers which would end the process. */
    static Cancellation ofProcess() {
        Cancellation cancellation = new Cancellation();
        Runtime.getRuntime().addShutdownHook(new Thread(cancellation::onShutdown, "cancellation"));
        return cancellation;
    }

    /** Asks the running command to end. */
    public void request() {
        requested.countDown();
    }

    /** Waits up to {@code time} until the command is asked to end; returns whether it was asked. */
    public boolean await(Duration time) throws InterruptedException {
        return requested.await(time.toMillis(), TimeUnit.MILLISECONDS);
    }

    /**
     * Ends the command if it was asked to.
     *
     * @throws CancelledException after {@link #request}
     */
    public void check() {
        if (requested.getCount() == 0) {
            throw new CancelledException();
        }
    }

    /**
     * Declares that the command itself bounds the time it needs to end, as a server does. Then nothing is closed under
     * it.
     */
    public void patiently() {
        patient = true;
    }

    /**
     * Returns whether resources were closed under the command. From then on an exception in the command is no error.
     */
    boolean isForced() {
        return forced;
    }

    /**
     * Returns a guard, which closes a resource if the command does not end by itself. Open the guard before the
     * resource, so that it is closed after it.
     */
    public Guard guard() {
        Guard guard = new Guard();
        lock.lock();
        try {
            guards.push(guard);
        } finally {
            lock.unlock();
        }
        return guard;
    }

    /** Holds a resource that must not stay open when the process ends. Closing the resource twice must be harmless. */
    public final class Guard implements AutoCloseable {
        private final AtomicReference<@Nullable AutoCloseable> resource = new AtomicReference<>();

        private Guard() {}

        /** Takes the resource and returns it. */
        public <T extends AutoCloseable> T of(T opened) {
            resource.set(opened);
            return opened;
        }

        private void force() {
            AutoCloseable open = resource.get();
            try {
                if (open != null) {
                    open.close();
                }
            } catch (Exception e) {
                System.getLogger(Cancellation.class.getName())
                        .log(System.Logger.Level.DEBUG, "closing what an interrupted command had open", e);
            }
        }

        /** Releases the guard: the command has closed the resource itself. */
        @Override
        public void close() {
            lock.lock();
            try {
                guards.remove(this);
            } finally {
                lock.unlock();
            }
        }
    }

    /**
     * Closes what the command has open, in reverse order. Returns when all is closed or after {@link #CLOSE_TIME_MAX}.
     */
    void force() {
        forced = true;
        Thread closer = Thread.ofPlatform().daemon().name("cancellation-close").start(() -> {
            for (Guard guard = innermost(); guard != null; guard = innermost()) {
                guard.force();
                guard.close();
            }
        });
        try {
            if (!closer.join(CLOSE_TIME_MAX)) {
                say("the volume was not closed in " + CLOSE_TIME_MAX.toSeconds()
                        + " s; what was flushed is safe and is recovered when the volume is opened again");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private @Nullable Guard innermost() {
        lock.lock();
        try {
            return guards.peek();
        } finally {
            lock.unlock();
        }
    }

    /** Records that the command has ended in order, and its exit status. */
    void finish(int exitStatus) {
        status = exitStatus;
        finished.countDown();
    }

    /** Runs in the shutdown hook. Replaces the virtual machine's exit status for a signal by that of the command. */
    private void onShutdown() {
        request();
        if (awaitFinished(ASK_TIME)) {
            halt(status);
        }
        if (patient) {
            if (!awaitFinished(PATIENCE.minus(ASK_TIME))) {
                say("did not end in " + PATIENCE.toSeconds()
                        + " s; what was flushed is safe and is recovered when the volume is opened again");
                Runtime.getRuntime().halt(ExitCode.FAILURE.status());
            }
            halt(status);
        }
        force();
        if (awaitFinished(LEAVE_TIME)) {
            halt(status);
        }
        say("interrupted");
        Runtime.getRuntime().halt(ExitCode.INTERRUPTED.status());
    }

    private boolean awaitFinished(Duration time) {
        try {
            return finished.await(time.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static void halt(int exitStatus) {
        System.out.flush();
        System.err.flush();
        Runtime.getRuntime().halt(exitStatus);
    }

    /** Prints a message, but does not wait for standard error: the command may be blocked with the stream locked. */
    private static void say(String message) {
        Thread speaker = Thread.ofPlatform().daemon().name("cancellation-say").start(() -> {
            System.err.println("holdfast: " + message);
            System.err.flush();
        });
        try {
            boolean said = speaker.join(LEAVE_TIME);
            if (!said) {
                speaker.interrupt();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The command was asked to end. */
    public static final class CancelledException extends RuntimeException {
        CancelledException() {
            super("interrupted", null, false, false);
        }
    }
}
