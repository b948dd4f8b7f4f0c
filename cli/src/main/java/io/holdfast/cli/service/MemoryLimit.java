package io.holdfast.cli.service;

import io.holdfast.cli.UsageException;
import io.holdfast.cli.text.Sizes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Whether a service may have the memory that its options ask for. A unit has a limit ({@code MemoryMax=}); the kernel kills a server that
 * goes beyond it, in the middle of its work. So the server says that at its start instead.
 */
public final class MemoryLimit {
    private static final Path ROOT = Path.of("/");

    /** For the program, beyond the memory of the volume. */
    private static final long PROGRAM = 200L << 20;

    private MemoryLimit() {}

    /**
     * Throws if the limit of the service is less than a server can need. Outside of a service nobody is asked.
     *
     * @param memory bytes of the volume
     * @param connections bytes that all connections can take beyond that
     * @throws UsageException naming the options and the limit
     */
    public static void require(long memory, long connections) {
        require(memory, connections, System.getenv(), ROOT);
    }

    static void require(long memory, long connections, Map<String, String> environment, Path root) {
        if (!environment.containsKey("NOTIFY_SOCKET")) {
            return;
        }
        OptionalLong limit = limit(root);
        long needed = memory + PROGRAM + connections;
        if (limit.isPresent() && limit.getAsLong() < needed) {
            throw new UsageException("--memory " + Sizes.show(memory) + " with " + Sizes.show(connections)
                    + " for --max-connections and " + Sizes.show(PROGRAM) + " for the program are " + Sizes.show(needed)
                    + ", and this service may use " + Sizes.show(limit.getAsLong())
                    + ": ask for less, or raise MemoryMax= of the unit (systemctl edit)");
        }
    }

    /** Returns the least limit of the control group of this process and of those above; empty if there is none. */
    private static OptionalLong limit(Path root) {
        try {
            String own = Files.readAllLines(root.resolve("proc/self/cgroup")).stream()
                    .filter(line -> line.startsWith("0::/"))
                    .map(line -> line.substring("0::/".length()))
                    .findFirst()
                    .orElse("");
            Path group = root.resolve("sys/fs/cgroup");
            OptionalLong least = OptionalLong.empty();
            for (Path name : Path.of(own)) {
                group = group.resolve(name);
                Path file = group.resolve("memory.max");
                String text = Files.exists(file) ? Files.readString(file).strip() : "max";
                if (!text.equals("max")) {
                    long bytes = Long.parseLong(text);
                    least = OptionalLong.of(Math.min(least.orElse(bytes), bytes));
                }
            }
            return least;
        } catch (IOException | NumberFormatException e) {
            return OptionalLong.empty(); // Nobody tells, so nobody can be warned.
        }
    }
}
