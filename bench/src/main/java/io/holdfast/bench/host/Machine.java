package io.holdfast.bench.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** What the figures were measured on and with. */
public final class Machine {
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

    /** Returns the load average of the last minute: above 1 before a run somebody else is using the machine. */
    public static double load() throws IOException {
        String text = Files.readString(Path.of("/proc/loadavg"));
        return Double.parseDouble(text.substring(0, text.indexOf(' ')));
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
