package io.holdfast.cli.service;

import io.holdfast.linux.UnixDatagrams;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Tells the service manager how the server is, by the protocol of {@code sd_notify(3)}. Does nothing if none asked for it, by {@code
 * NOTIFY_SOCKET}.
 *
 * <p>Invariants: telling never waits and never throws: a manager that does not listen hinders no server. A status is sent when it
 * changes. Any thread may call this.
 */
public final class ServiceManager implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("io.holdfast.service");
    private static final int STATUS_CHARS_MAX = 500;
    /** Time between two reports of an operation that goes on. */
    private static final long REPORT_NANOS = TimeUnit.SECONDS.toNanos(1);
    /** The manager is asked to wait so much longer with each report. */
    private static final Duration EXTENSION = Duration.ofSeconds(60);

    private final Optional<UnixDatagrams> socket;
    private final long watchdogNanos;
    private final LongSupplier clock;
    private final ReentrantLock lock = new ReentrantLock();
    private String status = "";
    private boolean failed;
    private long lastReport;
    private long lastSign;

    private ServiceManager(Optional<UnixDatagrams> socket, long watchdogNanos, LongSupplier clock) {
        this.socket = socket;
        this.watchdogNanos = watchdogNanos;
        this.clock = clock;
        this.lastReport = clock.getAsLong() - REPORT_NANOS;
        this.lastSign = clock.getAsLong();
    }

    /** Returns the manager that started this process. */
    public static ServiceManager ofProcess() {
        return of(System.getenv(), ProcessHandle.current().pid(), System::nanoTime);
    }

    /**
     * Returns the manager that an environment names.
     *
     * @param pid of this process
     * @param clock in nanoseconds
     */
    static ServiceManager of(Map<String, String> environment, long pid, LongSupplier clock) {
        String address = environment.getOrDefault("NOTIFY_SOCKET", "");
        if (address.isEmpty()) {
            return new ServiceManager(Optional.empty(), 0, clock);
        }
        try {
            Optional<UnixDatagrams> socket = UnixDatagrams.to(address);
            if (socket.isEmpty()) {
                LOG.log(Level.WARNING, "NOTIFY_SOCKET is set, and this Java virtual machine cannot send to it");
            }
            return new ServiceManager(socket, watchdogOf(environment, pid), clock);
        } catch (IOException e) {
            LOG.log(
                    Level.WARNING,
                    "the service manager cannot be told how this server is, and may end it; look at its NOTIFY_SOCKET: {0}",
                    e.getMessage());
            return new ServiceManager(Optional.empty(), 0, clock);
        }
    }

    /** Returns the time in which a sign of life must come; 0 if the manager wants none of this process. */
    private static long watchdogOf(Map<String, String> environment, long pid) {
        String micros = environment.getOrDefault("WATCHDOG_USEC", "");
        String whose = environment.getOrDefault("WATCHDOG_PID", Long.toString(pid));
        if (micros.isEmpty() || !whose.equals(Long.toString(pid))) {
            return 0;
        }
        try {
            return TimeUnit.MICROSECONDS.toNanos(Math.max(0, Long.parseLong(micros)));
        } catch (NumberFormatException e) {
            LOG.log(Level.WARNING, "WATCHDOG_USEC is no number: {0}", micros);
            return 0;
        }
    }

    /** Says what a long start does; the manager then waits for it longer. Called often, it sends once a second. */
    public void starting(String what) {
        lock.lock();
        try {
            long now = clock.getAsLong();
            if (now - lastReport < REPORT_NANOS) {
                return;
            }
            lastReport = now;
        } finally {
            lock.unlock();
        }
        send("EXTEND_TIMEOUT_USEC=" + TimeUnit.NANOSECONDS.toMicros(EXTENSION.toNanos()) + "\n" + statusLine(what));
    }

    /** Says that the server serves. */
    public void ready(String what) {
        send("READY=1\n" + statusLine(what));
    }

    /** Says what the server does now. */
    public void status(String what) {
        lock.lock();
        try {
            if (what.equals(status)) {
                return;
            }
        } finally {
            lock.unlock();
        }
        send(statusLine(what));
    }

    /** Says that the server ends. */
    public void stopping(String what) {
        send("STOPPING=1\n" + statusLine(what));
    }

    /**
     * Gives a sign of life, four times in the time that the manager waits for one. Call it after each look at the server that came to
     * its end: a look that hangs then gives none.
     */
    public void alive() {
        if (watchdogNanos > 0) {
            lock.lock();
            try {
                long now = clock.getAsLong();
                if (now - lastSign < watchdogNanos / 4) {
                    return;
                }
                lastSign = now;
            } finally {
                lock.unlock();
            }
            send("WATCHDOG=1");
        }
    }

    /** Remembers the status and returns its line. */
    private String statusLine(String what) {
        String line = what.replaceAll("\\p{Cntrl}", "?");
        line = line.substring(0, Math.min(line.length(), STATUS_CHARS_MAX));
        lock.lock();
        try {
            status = what;
        } finally {
            lock.unlock();
        }
        return "STATUS=" + line;
    }

    private void send(String message) {
        if (socket.isEmpty()) {
            return;
        }
        lock.lock();
        try {
            socket.get().send(message);
            failed = false;
        } catch (IOException e) {
            LOG.log(
                    failed ? Level.DEBUG : Level.WARNING,
                    "the service manager does not take what this server reports: {0}",
                    e.getMessage());
            failed = true;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        try {
            if (socket.isPresent()) {
                socket.get().close();
            }
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "closing the socket to the service manager: {0}", e.getMessage());
        }
    }
}
