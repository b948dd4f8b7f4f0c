package io.holdfast.cli.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** What the progress line shows. */
class ProgressLineTest {
    private final ByteArrayOutputStream shown = new ByteArrayOutputStream();

    private String show(long total, long done, long totalThen) {
        PrintStream err = new PrintStream(shown, true, StandardCharsets.UTF_8);
        try (ProgressLine line = ProgressLine.start(true, err, "import", ProgressLine.Unit.BYTES, total)) {
            line.update(done, totalThen);
        }
        return shown.toString(StandardCharsets.UTF_8);
    }

    @Test
    void ofWhatHasNoKnownEndThereAreNoQuestionMarks() {
        assertThat(show(-1, 12 << 20, 0))
                .contains("import 12 MiB in ")
                .contains("MiB/s")
                .doesNotContain("?");
    }

    @Test
    void ofNothingNeither() {
        assertThat(show(0, 0, 0)).contains("import 0 MiB").doesNotContain("?");
    }

    @Test
    void ofWhatHasOne() {
        assertThat(show(24 << 20, 12 << 20, 24 << 20)).contains("50%").contains("12/24 MiB");
    }

    @Test
    void ofWhatGetsOneOnTheWay() {
        assertThat(show(-1, 12 << 20, 24 << 20)).contains("50%").contains("12/24 MiB");
    }
}
