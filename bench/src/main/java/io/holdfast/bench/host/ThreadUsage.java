package io.holdfast.bench.host;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * Processor time of the threads of a process, by name, from /proc/…/schedstat. This includes the threads of the virtual
 * machine (compilers, garbage collector), which the flight recorder does not see. It samples often, so that threads
 * which end meanwhile count too. Threads whose names differ only in a number at the end are added up.
 */
public final class ThreadUsage implements AutoCloseable {
    private static final double LOOK_SECONDS = 0.05;

    private final Path tasks;
    private final Map<String, Seen> threads = new HashMap<>();
    private final Thread looking;
    private volatile boolean closed;

    /**
     * Times of one or several threads.
     *
     * @param runningNanos on a processor
     * @param readyNanos waiting for one
     */
    public record Times(long runningNanos, long readyNanos) {
        static final Times NONE = new Times(0, 0);

        Times plus(Times other) {
            return new Times(runningNanos + other.runningNanos, readyNanos + other.readyNanos);
        }

        Times since(Times before) {
            return new Times(runningNanos - before.runningNanos, readyNanos - before.readyNanos);
        }

        /** @param line «running ready slices» */
        static Times parse(String line) {
            String[] fields = line.strip().split(" ", -1);
            return new Times(Long.parseLong(fields[0]), Long.parseLong(fields[1]));
        }
    }

    /** A thread with its first and last sample. */
    private record Seen(String name, Times first, Times last) {}

    /** Begins to sample a process. */
    public ThreadUsage(long pid) throws IOException {
        tasks = Path.of("/proc", Long.toString(pid), "task");
        look(false);
        looking = Thread.ofPlatform().daemon().name("thread-usage").start(this::lookOften);
    }

    private void lookOften() {
        try {
            while (!closed) {
                Pause.seconds(LOOK_SECONDS);
                look(true);
            }
        } catch (IOException e) {
            // The process has ended; there are no more samples.
        }
    }

    private void look(boolean fromZero) throws IOException {
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(tasks)) {
            for (Path folder : folders) {
                try {
                    String name = name(Files.readString(folder.resolve("comm")));
                    Times now = Times.parse(Files.readString(folder.resolve("schedstat")));
                    see(String.valueOf(folder.getFileName()), name, now, fromZero);
                } catch (IOException e) {
                    // The thread has ended.
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
    }

    /** @param fromZero whether a thread not seen before has started since, so that all its time counts */
    private synchronized void see(String id, String name, Times now, boolean fromZero) {
        Seen before = threads.get(id);
        Times first = before != null ? before.first : fromZero ? Times.NONE : now;
        threads.put(id, new Seen(name, first, now));
    }

    /** Returns whether a sample has seen threads of this name with at least this much running time. */
    synchronized boolean hasSeen(String name, long nanos) {
        return threads.values().stream()
                .anyMatch(thread -> thread.name.equals(name) && thread.last.runningNanos >= nanos);
    }

    static String name(String comm) {
        return comm.strip().replaceAll("[-# ]*[0-9]*$", "");
    }

    /** Samples a last time and returns the times since the beginning, by name. */
    public Map<String, Times> used() throws IOException {
        look(true);
        Map<String, Times> used = new HashMap<>();
        synchronized (this) {
            for (Seen thread : threads.values()) {
                used.merge(thread.name, thread.last.since(thread.first), Times::plus);
            }
        }
        return used;
    }

    @Override
    public void close() {
        closed = true;
        try {
            looking.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
