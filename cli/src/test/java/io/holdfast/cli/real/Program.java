package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** Runs other people's programs for tests. */
final class Program {
    private static final long SECONDS_MAX = 240;

    private Program() {}

    /** How a program ended and what it printed on both outputs. */
    record Result(int status, String output) {}

    /** Skips the test, and says so, unless all of the programs are there. */
    static void needs(String... programs) {
        for (String program : programs) {
            boolean found = Stream.of(System.getenv("PATH").split(":"))
                    .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
            if (!found) {
                System.out.println("skipped: " + program + " is not installed");
                Assumptions.abort(program + " is not installed");
            }
        }
    }

    /** Runs a program, which must end with status 0, and returns what it printed. */
    static String run(Path folder, String... arguments) throws IOException {
        Result result = end(folder, arguments);
        assertThat(result.status())
                .as(String.join(" ", arguments) + "\n" + result.output())
                .isZero();
        return result.output();
    }

    /** Runs a program to its end. */
    static Result end(Path folder, String... arguments) throws IOException {
        Path output = Files.createTempFile(folder, "out", ".txt");
        Process process = new ProcessBuilder(List.of(arguments))
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(output.toFile())
                .start();
        try {
            if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)) {
                throw new AssertionError(String.join(" ", arguments) + " did not end:\n" + Files.readString(output));
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        } finally {
            process.destroyForcibly();
        }
        return new Result(process.exitValue(), Files.readString(output));
    }
}
