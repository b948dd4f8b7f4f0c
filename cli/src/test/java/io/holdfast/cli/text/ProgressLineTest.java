package io.holdfast.cli.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
    void itDoesNotGoBackAndEndsAtTheEnd() {
        PrintStream err = new PrintStream(shown, true, StandardCharsets.UTF_8);
        try (ProgressLine line = ProgressLine.start(true, err, "check", ProgressLine.Unit.BLOCKS, 100)) {
            line.update(60, 100);
            line.update(40, 100);
        }
        assertThat(shown.toString(StandardCharsets.UTF_8)).contains("60/100 blocks");
        try (ProgressLine line = ProgressLine.start(true, err, "check", ProgressLine.Unit.BLOCKS, 100)) {
            line.update(60, 100);
            line.finish();
        }
        assertThat(shown.toString(StandardCharsets.UTF_8)).contains("100/100 blocks");
    }

    @Test
    void whatTakesNoSecondShowsNothing() {
        PrintStream err = new PrintStream(shown, true, StandardCharsets.UTF_8);
        try (ProgressLine line =
                ProgressLine.startLate(() -> true, err, "rm", ProgressLine.Unit.FILES, Duration.ofDays(1))) {
            line.update(7, -1);
            line.finish();
        }
        assertThat(shown.size()).isZero();
    }

    @Test
    void whatTakesLongerDoes() {
        PrintStream err = new PrintStream(shown, true, StandardCharsets.UTF_8);
        try (ProgressLine line =
                ProgressLine.startLate(() -> true, err, "rm", ProgressLine.Unit.FILES, Duration.ZERO)) {
            line.update(7, -1);
        }
        assertThat(shown.toString(StandardCharsets.UTF_8)).contains("rm 7 files in 0 s, ");
        shown.reset();
        try (ProgressLine line =
                ProgressLine.startLate(() -> false, err, "rm", ProgressLine.Unit.FILES, Duration.ZERO)) {
            line.update(7, -1);
        }
        assertThat(shown.size()).isZero();
    }

    /** The rate is that of all the time, not of whole seconds. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', ignoreLeadingAndTrailingWhitespace = false, textBlock = """
            1900|183|import  91% [====================  ] 183/200 MiB, 96.3 MiB/s, 1 s left
            500|20|import  10% [==                     ] 20/200 MiB, 40.0 MiB/s, 5 s left
            3000000|20|import  10% [==                  ] 20/200 MiB, 0.0 MiB/s, 7:30:00 left
            300|0|import   0% [                                   ] 0/200 MiB, 0.0 MiB/s
            2000|200|import 100% [===============================] 200/200 MiB, 100.0 MiB/s
            """)
    void rateAndTimeLeft(long millis, long done, String text) {
        ProgressText shape = new ProgressText(" MiB", 1 << 20);
        assertThat(shape.bounded("import", done << 20, 200 << 20, millis, 70))
                .hasSizeLessThanOrEqualTo(70)
                .isEqualTo(text);
    }

    @Test
    void onANarrowTerminalThereIsNoBar() {
        assertThat(new ProgressText(" blocks", 1).bounded("check", 2_000_000, 4_000_000, 2000, 40))
                .isEqualTo("check  50% 2000000/4000000 blocks, 1000000 blocks/s, 2 s left");
    }

    @Test
    void ofWhatGetsOneOnTheWay() {
        assertThat(show(-1, 12 << 20, 24 << 20)).contains("50%").contains("12/24 MiB");
    }
}
