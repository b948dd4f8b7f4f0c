package io.holdfast.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.CliContext;
import io.holdfast.cli.Engine;
import io.holdfast.cli.fake.Household;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** Every help ends with an example that the parser takes. */
class ExamplesTest {
    @TempDir
    private Path folder;

    static Stream<String> commands() {
        return Commands.shown().stream();
    }

    private String lastLine(String... args) {
        List<String> lines = new Household(folder).run(args).out().lines().toList();
        return lines.getLast();
    }

    @ParameterizedTest
    @MethodSource("commands")
    void everyHelpEndsWithOne(String command) {
        String example = lastLine(command, "--help");
        assertThat(example).startsWith(Examples.LABEL + "holdfast " + command + " ");
        String[] words = example.substring(Examples.LABEL.length()).split(" ");
        CommandLine parser = Commands.named(
                new CliContext(
                        Engine.HOLDFAST,
                        InputStream.nullInputStream(),
                        System.out,
                        System.err,
                        () -> false,
                        Cancellation.none()),
                command);
        CommandLine.ParseResult parsed = parser.parseArgs(Arrays.copyOfRange(words, 2, words.length));
        assertThat(parsed.errors()).isEmpty();
        assertThat(parsed.unmatched()).isEmpty();
    }

    @Test
    void theHelpOfTheProgramEndsWithOneToo() {
        assertThat(lastLine("--help")).isEqualTo(Examples.LABEL + Examples.of("format"));
    }

    /** Nobody has asked for colours where nobody sees them. */
    @ParameterizedTest
    @MethodSource("commands")
    void helpHasNoEscapeSequences(String command) {
        assertThat(new Household(folder).run(command, "--help").out()).doesNotContain("\u001b");
    }
}
