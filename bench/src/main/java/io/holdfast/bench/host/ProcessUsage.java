package io.holdfast.bench.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What a process has used, from /proc.
 *
 * @param cpuSeconds in user and system mode, all threads, ended ones too
 * @param peakBytes most memory it had resident
 */
public record ProcessUsage(double cpuSeconds, long peakBytes) {
    /** Linux reports times in /proc in hundredths of a second whatever the kernel counts in. */
    private static final double TICKS_PER_SECOND = 100;

    public static ProcessUsage of(long pid) throws IOException {
        Path folder = Path.of("/proc", Long.toString(pid));
        return parse(Files.readString(folder.resolve("stat")), Files.readAllLines(folder.resolve("status")));
    }

    static ProcessUsage parse(String stat, List<String> status) throws IOException {
        // The second field is the name in parentheses and may hold anything; the third follows the last parenthesis.
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        double ticks = Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
        for (String line : status) {
            if (line.startsWith("VmHWM:")) {
                String kibibytes = line.replaceAll("[^0-9]", "");
                return new ProcessUsage(ticks / TICKS_PER_SECOND, Long.parseLong(kibibytes) << 10);
            }
        }
        throw new IOException("/proc/…/status has no VmHWM: the process has ended");
    }
}
