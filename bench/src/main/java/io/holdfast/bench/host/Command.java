package io.holdfast.bench.host;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Runs other programs to their end. */
public final class Command {
    private static final Set<Process> RUNNING = ConcurrentHashMap.newKeySet();

    private Command() {}

    /** Ends what runs now. */
    static void endRunning() {
        RUNNING.forEach(Process::destroyForcibly);
    }

    /**
     * Runs a program and returns what it printed.
     *
     * @throws IOException with what it said, if it did not end with status 0
     */
    public static String run(List<String> command) throws IOException {
        CleanUp.checkGoingOn();
        Path errors = Files.createTempFile("bench", ".err");
        Process process = null;
        try {
            process = new ProcessBuilder(command)
                    .redirectError(errors.toFile())
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .start();
            RUNNING.add(process);
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int status = process.waitFor();
            if (status != 0) {
                throw new IOException("%s ended with status %d: %s %s"
                        .formatted(
                                String.join(" ", command),
                                status,
                                Files.readString(errors).strip(),
                                tail(output)));
            }
            return output;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            if (process != null) {
                process.destroyForcibly();
                RUNNING.remove(process);
            }
            Files.deleteIfExists(errors);
        }
    }

    public static String run(String... command) throws IOException {
        return run(List.of(command));
    }

    /** Runs a program that may be missing or fail; returns the first line it printed, or "not there". */
    public static String firstLine(String... command) {
        try {
            return run(List.of(command)).lines().findFirst().orElse("").strip();
        } catch (IOException e) {
            return "not there";
        }
    }

    private static String tail(String output) {
        String stripped = output.strip();
        return stripped.length() <= 400 ? stripped : "…" + stripped.substring(stripped.length() - 400);
    }
}
