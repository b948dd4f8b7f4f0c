package io.holdfast.cli;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Lets a command end in order after Ctrl-C or SIGTERM: the signal only asks; the command sees it at its next step,
 * undoes or finishes what it began, closes the volume, and its exit status becomes that of the process.
 *
 * <p>Invariant: the process ends at the latest {@link #CLEANUP_SECONDS_MAX} after the signal.
 */
public final class Cancellation {
    private static final long CLEANUP_SECONDS_MAX = 60;

    private final CountDownLatch requested = new CountDownLatch(1);
    private final CountDownLatch finished = new CountDownLatch(1);
    private volatile int status = ExitCode.FAILURE.status();

    /** Returns one that no signal reaches. */
    public static Cancellation none() {
        return new Cancellation();
    }

    /** Returns one that every signal which ends the process reaches. */
    static Cancellation ofProcess() {
        Cancellation cancellation = new Cancellation();
        Runtime.getRuntime().addShutdownHook(new Thread(cancellation::onShutdown, "cancellation"));
        return cancellation;
    }

    /** Asks the running command to end. */
    public void request() {
        requested.countDown();
    }

    /** Waits until the command is asked to end, but no longer than {@code time}; returns whether it was asked. */
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

    /** Says that the command has ended in order, and with which exit status. */
    void finish(int exitStatus) {
        status = exitStatus;
        finished.countDown();
    }

    /** Runs in the shutdown hook: the virtual machine's own exit status for a signal is replaced by the command's. */
    private void onShutdown() {
        request();
        boolean inOrder = false;
        try {
            inOrder = finished.await(CLEANUP_SECONDS_MAX, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (!inOrder) {
            System.err.println("holdfast: did not end in " + CLEANUP_SECONDS_MAX
                    + " s; what was flushed is safe and is recovered when the volume is opened again");
        }
        System.out.flush();
        System.err.flush();
        Runtime.getRuntime().halt(inOrder ? status : ExitCode.FAILURE.status());
    }

    /** The command was asked to end. */
    public static final class CancelledException extends RuntimeException {
        private CancelledException() {
            super("interrupted", null, false, false);
        }
    }
}
