package io.holdfast.bench.host;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * CPU seconds of a process by the names of its threads, from /proc: those of the virtual machine too (compilers, garbage
 * collector), which its own flight recorder does not see. Looks often, so that threads that end meanwhile count. Threads
 * whose names end in different numbers count together.
 */
public final class ThreadUsage implements AutoCloseable {
    private static final double TICKS_PER_SECOND = 100;
    private static final double LOOK_SECONDS = 0.05;

    private final Path tasks;
    private final Map<String, Seen> threads = new HashMap<>();
    private final Thread looking;
    private volatile boolean closed;

    /** A thread as it was seen first and last. */
    private record Seen(String name, long firstTicks, long lastTicks) {}

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
                String stat;
                try {
                    stat = Files.readString(folder.resolve("stat"));
                } catch (IOException e) {
                    continue; // it has ended
                }
                see(String.valueOf(folder.getFileName()), stat, fromZero);
            }
        }
    }

    /** @param fromZero whether a thread that was not there before has begun since */
    private synchronized void see(String id, String stat, boolean fromZero) {
        long ticks = ticks(stat);
        Seen before = threads.get(id);
        long first = before != null ? before.firstTicks : fromZero ? 0 : ticks;
        threads.put(id, new Seen(name(stat), first, ticks));
    }

    /** Returns whether threads of this name were seen after so much work, in hundredths of a second. */
    synchronized boolean hasSeen(String name, long ticks) {
        return threads.values().stream().anyMatch(thread -> thread.name.equals(name) && thread.lastTicks >= ticks);
    }

    static String name(String stat) {
        String name = stat.substring(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
        return name.replaceAll("[-# ]*[0-9]*$", "").strip();
    }

    static long ticks(String stat) {
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
    }

    /** Looks a last time and returns the CPU seconds since the beginning, by name. */
    public Map<String, Double> seconds() throws IOException {
        look(true);
        Map<String, Double> used = new HashMap<>();
        synchronized (this) {
            for (Seen thread : threads.values()) {
                used.merge(thread.name, (thread.lastTicks - thread.firstTicks) / TICKS_PER_SECOND, Double::sum);
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
