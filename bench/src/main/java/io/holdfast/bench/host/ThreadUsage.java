package io.holdfast.bench.host;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * CPU seconds of a process by the names of its threads, from /proc: those of the virtual machine too (compilers, garbage
 * collector), which its own flight recorder does not see. Threads whose names differ in numbers only count together.
 */
public record ThreadUsage(Map<String, Double> cpuSeconds) {
    private static final double TICKS_PER_SECOND = 100;

    public static ThreadUsage of(long pid) throws IOException {
        Map<String, Double> seconds = new HashMap<>();
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(Path.of("/proc", Long.toString(pid), "task"))) {
            for (Path thread : threads) {
                try {
                    add(seconds, Files.readString(thread.resolve("stat")));
                } catch (NoSuchFileException e) {
                    // It has ended.
                } catch (IOException e) {
                    if (Files.exists(thread)) {
                        throw e;
                    }
                }
            }
        }
        return new ThreadUsage(seconds);
    }

    static void add(Map<String, Double> seconds, String stat) {
        int nameEnd = stat.lastIndexOf(')');
        String name = stat.substring(stat.indexOf('(') + 1, nameEnd)
                .replaceAll("[-# ]*[0-9]+", "")
                .strip();
        String[] fields = stat.substring(nameEnd + 2).split(" ", -1);
        double ticks = Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
        seconds.merge(name.isEmpty() ? "(a number)" : name, ticks / TICKS_PER_SECOND, Double::sum);
    }

    /** Returns what was used since; threads that ended meanwhile are missing. */
    public ThreadUsage since(ThreadUsage before) {
        Map<String, Double> used = new HashMap<>();
        cpuSeconds.forEach((name, now) -> used.put(name, Math.max(0, now - before.cpuSeconds.getOrDefault(name, 0.0))));
        return new ThreadUsage(used);
    }
}
