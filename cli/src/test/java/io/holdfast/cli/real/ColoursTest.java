package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.clients.Program;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Nothing is stressed where nobody sees it, or where {@code NO_COLOR} asks for plain text. */
class ColoursTest {
    private static final String STRESS = "\u001b[";

    @TempDir
    private Path folder;

    /** Runs a command on a terminal, which script(1) makes. */
    private String onATerminal(String environment, String line) throws IOException {
        Program.needs("script");
        return JavaProcess.script(folder, environment + " script -qec 'holdfast " + line + "' /dev/null || true")
                .out();
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "ls --help", "help serve", "ls none", "ls --no-such-option"})
    void withNoColorATerminalGetsPlainText(String line) throws IOException {
        assertThat(onATerminal("NO_COLOR=1 TERM=xterm", line))
                .contains("holdfast")
                .doesNotContain(STRESS, "not found");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "ls --help", "ls none", "ls --no-such-option"})
    void aPipeGetsPlainText(String line) throws IOException {
        JavaProcess.Result result = JavaProcess.script(folder, "holdfast " + line + " | cat");
        assertThat(result.out() + result.err()).contains("holdfast").doesNotContain(STRESS, "not found");
    }

    @Test
    void aBarIsOnlyForWhatWasAskedFor() throws IOException {
        assertThat(onATerminal("", "format v --size 64M"))
                .contains("formatted v")
                .doesNotContain("preallocate");
        assertThat(onATerminal("", "format w --size 64M --preallocate")).contains("preallocate");
    }

    /** Else the first test would prove nothing. */
    @Test
    void aTerminalGetsStress() throws IOException {
        assertThat(onATerminal("env -u NO_COLOR TERM=xterm", "ls --help")).contains(STRESS);
    }
}
