package io.holdfast.bench.host;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * What the threads of a process use, by their names, from /proc/…/schedstat: those of the virtual machine too (compilers,
 * garbage collector), which its own flight recorder does not see. Looks often, so that threads that end meanwhile count.
 * Threads whose names end in different numbers count together.
 */
public final class ThreadUsage implements AutoCloseable {
    private static final double LOOK_SECONDS = 0.05;

    private final Path tasks;
    private final Map<String, Seen> threads = new HashMap<>();
    private final Thread looking;
    private volatile boolean closed;

    /**
     * Times of a thread, or of several.
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

    /** A thread as it was seen first and last. */
    private record Seen(String name, Times first, Times last) {}

    /** Begins to look at a process. */
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
            // The process has ended: what was seen is all there is.
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
                    // It has ended.
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
    }

    /** @param fromZero whether a thread that was not there before has begun since */
    private synchronized void see(String id, String name, Times now, boolean fromZero) {
        Seen before = threads.get(id);
        Times first = before != null ? before.first : fromZero ? Times.NONE : now;
        threads.put(id, new Seen(name, first, now));
    }

    /** Returns whether threads of this name were seen after so much work. */
    synchronized boolean hasSeen(String name, long nanos) {
        return threads.values().stream()
                .anyMatch(thread -> thread.name.equals(name) && thread.last.runningNanos >= nanos);
    }

    static String name(String comm) {
        return comm.strip().replaceAll("[-# ]*[0-9]*$", "");
    }

    /** Looks a last time and returns the times since the beginning, by name. */
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
