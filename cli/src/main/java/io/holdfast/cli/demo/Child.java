package io.holdfast.cli.demo;

import io.holdfast.cli.Main;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** This same command in a process of its own, which reports in lines of JSON. */
final class Child implements AutoCloseable {
    private static final long EXIT_SECONDS_MAX = 30;
    private static final List<String> FLAGS =
            List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx256m", "-XX:+UseCompactObjectHeaders");
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    private final Process process;
    private final BufferedReader events;
    private final Path errors;

    private Child(Process process, Path errors) {
        this.process = process;
        this.events = process.inputReader(StandardCharsets.UTF_8);
        this.errors = errors;
    }

    /** Starts {@code holdfast ARGS --json}; its standard error goes to a file in {@code folder}. */
    static Child start(Path folder, String... args) throws IOException {
        return start(folder, System.getProperty("java.class.path"), args);
    }

    /** Starts it as {@link #start(Path, String...)} does, with another class path. */
    static Child start(Path folder, String classPath, String... args) throws IOException {
        return start(folder, FLAGS, classPath, args);
    }

    /** Starts it with these flags for the Java virtual machine. */
    static Child start(Path folder, List<String> flags, String classPath, String... args) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(flags);
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp", classPath, Main.class.getName()));
        command.addAll(List.of(args));
        command.add("--json");
        Path errors = Files.createTempFile(folder, args[0], ".err");
        return new Child(
                new ProcessBuilder(command).redirectError(errors.toFile()).start(), errors);
    }

    /** Waits for the event of this name. */
    JsonNode await(String event) throws IOException {
        for (String line = events.readLine(); line != null; line = events.readLine()) {
            JsonNode node = MAPPER.readTree(line);
            if (node.path("event").asString("").equals(event)) {
                return node;
            }
        }
        throw new IOException("the child process ended before it was " + event + ": " + Files.readString(errors));
    }

    /** Returns whether it has not ended yet. */
    boolean isAlive() {
        return process.isAlive();
    }

    /** Returns its process id. */
    long pid() {
        return process.pid();
    }

    /** Returns what it has written to standard error so far. */
    String errors() throws IOException {
        return Files.readString(errors);
    }

    /** Waits until it ends by itself and returns its exit status. */
    int awaitEnd() throws IOException {
        return exit();
    }

    /** Kills it at once: SIGKILL, nothing is cleaned up. */
    void kill() throws IOException {
        process.destroyForcibly();
        exit();
    }

    /** Asks it to end (SIGTERM) and returns its exit status. */
    int terminate() throws IOException {
        // Process.destroy would also close the pipe from the process, which then could not report its end.
        process.toHandle().destroy();
        return exit();
    }

    private int exit() throws IOException {
        try {
            if (!process.waitFor(EXIT_SECONDS_MAX, TimeUnit.SECONDS)) {
                throw new IOException("the child process did not end within " + EXIT_SECONDS_MAX + " s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        return process.exitValue();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
