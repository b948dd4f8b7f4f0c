package io.holdfast.bench.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** The machine and the programs that the figures were measured with. */
public final class Machine {
    /** If others use more than this, do not quote the figures. It is a tenth of one of two processors. */
    public static final double QUIET_SHARE = 0.05;

    private static final Path PROCESSOR_TIMES = Path.of("/proc/stat");
    private static final int LOOKS_MAX = 2;
    private static final double LOOK_SECONDS = 1;
    private static final int TIMES = 8;
    private static final int IDLE = 3;
    private static final int IO_WAIT = 4;

    private Machine() {}

    public static Map<String, String> describe(Scratch scratch) throws IOException {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("processor", Runtime.getRuntime().availableProcessors() + " × " + processor());
        facts.put("memory", memoryGibibytes() + " GiB");
        facts.put(
                "disk",
                "%s, %s, write cache: %s"
                        .formatted(
                                scratch.device().name(),
                                scratch.fileSystem(),
                                scratch.device().writeCache()));
        facts.put("kernel", "Linux " + System.getProperty("os.version"));
        facts.put("Java", System.getProperty("java.vendor") + " " + Runtime.version());
        facts.put("fio", Command.firstLine("fio", "--version"));
        facts.put("qemu-nbd", Command.firstLine("qemu-nbd", "--version"));
        facts.put("nbdkit", Command.firstLine("nbdkit", "--version"));
        facts.put("btrfs", Command.firstLine("btrfs", "--version"));
        facts.put("xfs", Command.firstLine("mkfs.xfs", "-V"));
        return facts;
    }

    /** Returns the version of Holdfast that is measured. */
    public static String version() throws IOException {
        return Command.firstLine("git", "describe", "--always", "--dirty", "--abbrev=12");
    }

    /**
     * Returns the share of all processors that is in use while this program waits, which means by others. The rest of
     * an earlier scenario ends soon; so this looks several times, takes the quietest look, and stops at the first quiet
     * one.
     */
    public static double busyShare() throws IOException {
        double least = 1;
        for (int look = 0; look < LOOKS_MAX && least > QUIET_SHARE; look++) {
            String before = Files.readString(PROCESSOR_TIMES);
            Pause.seconds(LOOK_SECONDS);
            least = Math.min(least, busyShare(before, Files.readString(PROCESSOR_TIMES)));
        }
        return least;
    }

    /** Computes the share from {@code /proc/stat} at two times. */
    static double busyShare(String before, String after) {
        long[] from = times(before);
        long[] to = times(after);
        long all = 0;
        long idle = 0;
        for (int i = 0; i < TIMES; i++) {
            long spent = to[i] - from[i];
            all += spent;
            idle += i == IDLE || i == IO_WAIT ? spent : 0;
        }
        return all <= 0 ? 0 : (double) (all - idle) / all;
    }

    /** Parses the first line: user, nice, system, idle, iowait, irq, softirq, steal, and guest, which user includes. */
    private static long[] times(String stat) {
        return Arrays.stream(stat.lines().findFirst().orElse("").split(" +", -1))
                .skip(1)
                .limit(TIMES)
                .mapToLong(Long::parseLong)
                .toArray();
    }

    private static String processor() throws IOException {
        return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                .filter(line -> line.startsWith("model name"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse("unknown");
    }

    private static long memoryGibibytes() throws IOException {
        return Files.readAllLines(Path.of("/proc/meminfo")).stream()
                .filter(line -> line.startsWith("MemTotal:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) >> 20)
                .findFirst()
                .orElse(0);
    }
}
