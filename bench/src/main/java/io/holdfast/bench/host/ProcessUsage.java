package io.holdfast.bench.host;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a process has used, from /proc.
 *
 * @param cpuSeconds in user and system mode, all threads, ended ones too
 * @param peakBytes most memory it had resident
 * @param switches how often its threads were taken off a processor, because they waited or had to make room; without
 *     threads that have ended
 */
public record ProcessUsage(double cpuSeconds, long peakBytes, long switches) {
    /** Linux reports times in /proc in hundredths of a second whatever the kernel counts in. */
    private static final double TICKS_PER_SECOND = 100;

    public static ProcessUsage of(long pid) throws IOException {
        Path folder = Path.of("/proc", Long.toString(pid));
        return parse(
                Files.readString(folder.resolve("stat")),
                Files.readAllLines(folder.resolve("status")),
                threads(folder.resolve("task")));
    }

    private static List<String> threads(Path tasks) throws IOException {
        List<String> lines = new ArrayList<>();
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(tasks)) {
            for (Path thread : threads) {
                try {
                    lines.addAll(Files.readAllLines(thread.resolve("status")));
                } catch (IOException e) {
                    // It has just ended.
                }
            }
        }
        return lines;
    }

    static ProcessUsage parse(String stat, List<String> status, List<String> threads) throws IOException {
        // The second field is the name in parentheses and may hold anything; the third follows the last parenthesis.
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        double ticks = Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
        for (String line : status) {
            if (line.startsWith("VmHWM:")) {
                long switches = threads.stream()
                        .filter(l -> l.contains("voluntary_ctxt_switches:"))
                        .mapToLong(ProcessUsage::number)
                        .sum();
                return new ProcessUsage(ticks / TICKS_PER_SECOND, number(line) << 10, switches);
            }
        }
        throw new IOException("/proc/…/status has no VmHWM: the process has ended");
    }

    private static long number(String line) {
        return Long.parseLong(line.replaceAll("[^0-9]", ""));
    }
}
