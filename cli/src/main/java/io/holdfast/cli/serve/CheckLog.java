package io.holdfast.cli.serve;

import io.holdfast.cli.ExitCode;
import io.holdfast.cli.text.CheckScope;
import io.holdfast.cli.text.CheckVerdict;
import io.holdfast.cli.text.DamageAdvice;
import io.holdfast.cli.text.Durations;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CheckOptions;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.Progress;
import io.holdfast.volume.Volume;
import java.lang.System.Logger.Level;

/** Makes checks, and logs what became of each, with the exit status that a command has for it. */
final class CheckLog {
    private static final System.Logger LOG = System.getLogger("io.holdfast.check");
    private static final int PROBLEMS_SHOWN = 10;

    private CheckLog() {}

    /** Checks a volume. */
    interface Checking {
        CheckReport run(CheckOptions options, Progress progress) throws HoldfastException;
    }

    static CheckReport check(Volume volume, CheckOptions options, Checking checking, Progress progress)
            throws HoldfastException {
        String title = new CheckScope(options).title();
        long start = System.nanoTime();
        try {
            CheckReport report = checking.run(options, progress);
            finished(title, CheckVerdict.of(report, volume.recovery()), System.nanoTime() - start);
            return report;
        } catch (HoldfastException e) {
            ended(title, e, System.nanoTime() - start);
            throw e;
        } catch (RuntimeException e) {
            // The progress has thrown: a command that does not listen any more.
            LOG.log(
                    Level.INFO,
                    "{0}: ended after {1}, since the command that asked for it has gone",
                    title,
                    Durations.show(System.nanoTime() - start));
            throw e;
        }
    }

    private static void finished(String title, CheckVerdict verdict, long nanos) {
        CheckReport report = verdict.report();
        int exit = verdict.exit().status();
        String time = Durations.show(nanos);
        if (!verdict.clean()) {
            report.problems().stream()
                    .limit(PROBLEMS_SHOWN)
                    .forEach(p -> LOG.log(
                            Level.ERROR,
                            "found by a check: {0}{1}: {2}",
                            p.structure(),
                            p.block() < 0 ? "" : " block " + p.block(),
                            p.message()));
            LOG.log(
                    Level.ERROR,
                    "{0}: DAMAGED, problems: {1}, exit status {2}, after {3}; {4}",
                    title,
                    Long.toString(verdict.problems()),
                    Integer.toString(exit),
                    time,
                    DamageAdvice.TEXT);
        } else if (!report.unproven().isEmpty()) {
            LOG.log(
                    Level.WARNING,
                    "{0}: not proven, exit status {1}, after {2}; no damage found, but parts that could not be checked: {3}; the first: {4}",
                    title,
                    Integer.toString(exit),
                    time,
                    Integer.toString(report.unproven().size()),
                    report.unproven().getFirst());
        } else {
            LOG.log(
                    Level.INFO,
                    "{0}: clean, exit status {1}, after {2}; blocks of data verified: {3}",
                    title,
                    Integer.toString(exit),
                    time,
                    Long.toString(report.blocksVerified()));
        }
    }

    private static void ended(String title, HoldfastException why, long nanos) {
        ErrorCode code = why.code();
        switch (code) {
            case IN_USE, INVALID, NOT_FOUND -> LOG.log(Level.DEBUG, "{0}: not begun: {1}", title, why.getMessage());
            case CANCELLED ->
                LOG.log(
                        Level.INFO,
                        "{0}: cancelled after {1}, exit status {2}",
                        title,
                        Durations.show(nanos),
                        Integer.toString(ExitCode.of(code).status()));
            case CLOSED ->
                LOG.log(Level.INFO, "{0}: ended after {1}, since the volume is closed", title, Durations.show(nanos));
            default ->
                LOG.log(
                        Level.ERROR,
                        "{0}: failed after {1}, exit status {2}: {3}",
                        title,
                        Durations.show(nanos),
                        Integer.toString(ExitCode.of(code).status()),
                        why.getMessage());
        }
    }
}
