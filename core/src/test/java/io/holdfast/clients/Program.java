package io.holdfast.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** Runs other people's programs for tests. */
public final class Program {
    private static final long SECONDS_MAX = 240;

    private Program() {}

    /** How a program ended and what it printed on both outputs. */
    public record Result(String line, int status, String output) {
        public Result succeeds() {
            assertThat(status).as(this::toString).isZero();
            return this;
        }

        public Result fails() {
            assertThat(status).as(this::toString).isNotZero();
            return this;
        }

        @Override
        public String toString() {
            return line + "\n" + output;
        }
    }

    /** Skips the test, and says so, unless all of the programs are installed. */
    public static void needs(String... programs) {
        for (String program : programs) {
            boolean found = Stream.of(System.getenv("PATH").split(":"))
                    .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
            if (!found) {
                skip(program + " is not installed");
            }
        }
    }

    /** Skips the test and says why. */
    public static void skip(String reason) {
        System.out.println("skipped: " + reason);
        Assumptions.abort(reason);
    }

    /** Runs a program, which must end with status 0, and returns what it printed. */
    public static String run(Path directory, String... line) throws IOException {
        return end(directory, line).succeeds().output();
    }

    /** Runs a program to its end. The system's programs come first, so that scripts find the system's interpreters. */
    public static Result end(Path directory, String... line) throws IOException {
        Path output = Files.createTempFile(directory, "out", ".txt");
        String words = String.join(" ", line);
        Process process = builder(directory, line)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(output.toFile())
                .start();
        try {
            if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)) {
                throw new AssertionError(words + " did not end:\n" + text(output));
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        } finally {
            process.destroyForcibly();
        }
        return new Result(words, process.exitValue(), text(output));
    }

    /** Returns what starts a program, with both outputs in one. */
    public static ProcessBuilder builder(Path directory, String... line) {
        ProcessBuilder builder =
                new ProcessBuilder(List.of(line)).directory(directory.toFile()).redirectErrorStream(true);
        builder.environment().merge("PATH", "/usr/bin:", (path, first) -> first + path);
        return builder;
    }

    private static String text(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    }

    /**
     * Returns whether a program listens at a socket. Its file is there a moment before that. Nobody connects to find out: some servers end after their
     * first client.
     */
    public static boolean isListening(Path socket) throws IOException {
        // Num RefCount Protocol Flags Type St Inode Path; the flag is __SO_ACCEPTCON.
        return Files.readAllLines(Path.of("/proc/net/unix")).stream()
                .map(line -> line.split(" +"))
                .anyMatch(columns ->
                        columns.length > 7 && columns[3].equals("00010000") && columns[7].equals(socket.toString()));
    }
}
