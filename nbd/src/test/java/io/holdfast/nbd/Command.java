package io.holdfast.nbd;

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
final class Command {
    private Command() {}

    /** The result of a program that has ended. */
    record Result(int exit, String output) {
        Result succeeds() {
            assertThat(exit).as(output).isZero();
            return this;
        }

        Result fails() {
            assertThat(exit).as(output).isNotZero();
            return this;
        }
    }

    /** Skips the test, and says so, unless all of the programs are there. */
    static void needs(String... programs) {
        for (String program : programs) {
            boolean found = Stream.of(System.getenv("PATH").split(":"))
                    .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
            if (!found) {
                System.out.println("skipped: " + program + " is not installed");
                Assumptions.abort(program + " is not installed");
            }
        }
    }

    /** Runs with the system's programs first, so that scripts find the system's interpreters. */
    static Result run(Path directory, String... arguments) throws IOException {
        Path output = Files.createTempFile(directory, "out", ".txt");
        ProcessBuilder builder = new ProcessBuilder(List.of(arguments));
        builder.environment().merge("PATH", "/usr/bin:", (path, first) -> first + path);
        Process process = builder.directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(output.toFile())
                .start();
        try {
            if (!process.waitFor(120, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError(String.join(" ", arguments) + " did not end:\n" + Files.readString(output));
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            throw new AssertionError(e);
        }
        return new Result(
                process.exitValue(),
                String.join(" ", arguments) + "\n" + new String(Files.readAllBytes(output), StandardCharsets.UTF_8));
    }
}
