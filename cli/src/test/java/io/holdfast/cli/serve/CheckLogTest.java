package io.holdfast.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.cli.fake.FakeVolume;
import io.holdfast.cli.fake.Household;
import io.holdfast.cli.log.LogFormat;
import io.holdfast.cli.log.ServerLog;
import io.holdfast.cli.text.DamageAdvice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CheckOptions;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.Progress;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each check that ends is a line of the server's log. */
class CheckLogTest {
    @TempDir
    private Path folder;

    private FakeVolume volume;

    @BeforeEach
    void format() {
        volume = new Household(folder).formatted().fake();
    }

    private interface Action {
        void run() throws HoldfastException;
    }

    /** Returns the lines without their times and durations. */
    private static List<String> logged(Action action) throws HoldfastException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ServerLog _ = ServerLog.open(new PrintStream(bytes, true, StandardCharsets.UTF_8), LogFormat.TEXT)) {
            action.run();
        }
        return bytes.toString(StandardCharsets.UTF_8)
                .lines()
                .map(line ->
                        line.replaceFirst("^\\S* (\\w+) \\w+: ", "$1: ").replaceFirst("after [0-9.]+ m?s", "after T"))
                .toList();
    }

    private List<String> logged(CheckOptions options) throws HoldfastException {
        return logged(() -> CheckLog.check(volume, options, volume::check, Progress.NONE));
    }

    private static CheckReport report(List<CheckReport.Problem> problems, List<String> unproven) {
        return new CheckReport(problems, problems.size(), 1, 1, 5, 0, 3, unproven);
    }

    @Test
    void cleanNotProvenAndDamaged() throws HoldfastException {
        assertThat(logged(CheckOptions.ALL))
                .containsExactly("info: check: clean, exit status 0, after T; blocks of data verified: 7");
        volume.reportOnCheck(report(List.of(), List.of("inode 5: no", "inode 6: no")));
        assertThat(logged(CheckOptions.ALL))
                .containsExactly(
                        "warning: check: not proven, exit status 0, after T; no damage found, but parts that could not be checked: 2; the first: inode 5: no");
        volume.reportOnCheck(report(List.of(new CheckReport.Problem("data", 77, "bad")), List.of("inode 5: no")));
        assertThat(logged(CheckOptions.ALL))
                .containsExactly(
                        "error: found by a check: data block 77: bad",
                        "error: check: DAMAGED, problems: 1, exit status 1, after T; " + DamageAdvice.TEXT);
    }

    @Test
    void aPartIsNamed() throws HoldfastException {
        assertThat(logged(new CheckOptions(true, List.of(), 0)).getFirst())
                .startsWith("info: check of metadata only: clean");
        assertThat(logged(new CheckOptions(false, List.of("/a", "/b"), 0)).getFirst())
                .startsWith("info: check of /a, /b: clean");
    }

    @Test
    void oneThatEndsEarly() throws HoldfastException {
        assertThat(ending(ErrorCode.CANCELLED)).containsExactly("info: check: cancelled after T, exit status 130");
        assertThat(ending(ErrorCode.CLOSED)).containsExactly("info: check: ended after T, since the volume is closed");
        assertThat(ending(ErrorCode.NO_MEMORY)).containsExactly("error: check: failed after T, exit status 1: because");
        assertThat(ending(ErrorCode.IN_USE)).as("it has not begun").isEmpty();
    }

    private List<String> ending(ErrorCode code) throws HoldfastException {
        volume.failCheckWith(new HoldfastException(code, "because"));
        return logged(
                () -> assertThatThrownBy(() -> CheckLog.check(volume, CheckOptions.ALL, volume::check, Progress.NONE))
                        .hasMessage("because"));
    }

    @Test
    void oneWhoseCommandHasGone() throws HoldfastException {
        volume.duringCheck(() -> {
            throw new IllegalStateException("gone");
        });
        assertThat(logged(() -> assertThatThrownBy(
                                () -> CheckLog.check(volume, CheckOptions.ALL, volume::check, Progress.NONE))
                        .hasMessage("gone")))
                .containsExactly("info: check: ended after T, since the command that asked for it has gone");
    }
}
