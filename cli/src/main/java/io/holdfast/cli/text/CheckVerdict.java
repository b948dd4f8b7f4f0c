package io.holdfast.cli.text;

import io.holdfast.cli.ExitCode;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.RecoveryReport;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a check comes to.
 *
 * @param onlyAtOpening the problems that opening met and the check did not meet again
 */
public record CheckVerdict(CheckReport report, List<String> onlyAtOpening) {
    public static CheckVerdict of(CheckReport report, RecoveryReport recovery) {
        Set<String> found =
                report.problems().stream().map(CheckReport.Problem::message).collect(Collectors.toSet());
        return new CheckVerdict(
                report,
                recovery.problems().stream().filter(p -> !found.contains(p)).toList());
    }

    /** Returns whether no damage is known. */
    public boolean clean() {
        return problems() == 0;
    }

    /** Returns how much is damaged. */
    public long problems() {
        return report.problemCount() + onlyAtOpening.size();
    }

    /** Returns the exit status of a command that made this check. */
    public ExitCode exit() {
        return clean() ? ExitCode.OK : ExitCode.FAILURE;
    }
}
