package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.UsageException;
import io.holdfast.cli.text.CheckScope;
import io.holdfast.cli.text.CheckVerdict;
import io.holdfast.cli.text.DamageAdvice;
import io.holdfast.cli.text.Durations;
import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.Names;
import io.holdfast.cli.text.ProgressLine;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CheckOptions;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.Progress;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumePath;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code holdfast check}. */
@Command(
        name = "check",
        description = "Read and verify everything: structures, space, and every block's checksum.",
        footer = {
            "",
            "On a served volume the check goes through the volume in slices beside its clients. They come first: where they",
            "need the space that a slice would keep, the check says that it could not prove that part.",
            "",
            "--repair corrects the accounting of space and counts, puts lost nodes of maps back that can be read again, and",
            "names what has no name in /lost+found. It is one step: a crash leaves the volume of before or the repaired one.",
            "Then the volume is checked again, and the exit code is that of the second check. A server does all of this beside",
            "its clients; they wait while the repair is decided exactly and written, mostly a second or two.",
            "",
            "Exit code 0: no damage found; 1: damage found. 'holdfast --help' lists the others."
        })
final class CheckCommand extends VolumeCommand {
    private static final long NO_FILE = -1;
    private static final int NAMES_SHOWN = 10;

    @Mixin
    private ProgressOption progressOption;

    @Option(
            names = "--rate",
            paramLabel = "RATE",
            converter = RateConverter.class,
            description = "Read at most so many bytes per second, as in 200M. 'holdfast jobs' changes it meanwhile.")
    private Optional<Long> rate = Optional.empty();

    @Option(names = "--metadata-only", description = "Read everything but data blocks.")
    private boolean metadataOnly;

    @Option(
            names = "--file",
            paramLabel = "PATH",
            converter = PathArgument.class,
            description = "Check this file alone: its map, its data and its attributes. May be given several times.")
    private List<VolumePath> files = List.of();

    @Mixin
    private RepairOptions repairOptions;

    CheckCommand(CliContext context) {
        super(context, false);
    }

    @Override
    protected boolean showsProgress() {
        return !progressOption.none();
    }

    @Override
    protected ExitCode run() throws IOException {
        requireSense();
        RepairSession session =
                new RepairSession(context(), output(), device(), openOptions(false), repairOptions, progressOption);
        if (repairOptions.undo()) {
            return session.undo();
        }
        if (repairOptions.repair()) {
            RepairSession.Result result =
                    session.repair(repair -> check(repair.volume(), (options, progress) -> repair.check(progress)));
            if (!result.repaired()) {
                return result.exit();
            }
        }
        return super.run();
    }

    @Override
    protected ExitCode run(Volume volume) throws IOException {
        return check(volume, volume::check);
    }

    /** Runs a check and reports what it finds. */
    private interface Checking {
        CheckReport run(CheckOptions options, Progress progress) throws IOException;
    }

    private ExitCode check(Volume volume, Checking checking) throws IOException {
        long start = System.nanoTime();
        CheckScope scope = scope();
        CheckReport report;
        try (ProgressLine progress = progressOption.start(context(), output(), "check", ProgressLine.Unit.BLOCKS, -1)) {
            report = checking.run(scope.options(), (done, total) -> {
                context().cancel().check();
                progress.update(done, total);
            });
            progress.finish();
        }
        long nanos = System.nanoTime() - start;
        CheckVerdict verdict = CheckVerdict.of(report, volume.recovery());
        InodePaths paths = scope.options().files().isEmpty() ? paths(volume, report) : given(volume, scope);
        Map<String, Object> json = json(verdict, scope, paths, nanos);
        if (verdict.exit() == ExitCode.OK && report.unproven().isEmpty()) {
            output().print(context().out(), json, out -> show(out, verdict, scope, paths, nanos));
        } else {
            output().printAnyway(context().out(), json, out -> show(out, verdict, scope, paths, nanos));
        }
        return verdict.exit();
    }

    @Override
    protected void requireSense() {
        if (files.size() > CheckOptions.FILES_MAX) {
            throw new UsageException("--file may be given " + CheckOptions.FILES_MAX + " times");
        }
        repairOptions.require(context());
        boolean repairs = repairOptions.repair() || repairOptions.undo();
        if (repairs && (metadataOnly || !files.isEmpty() || rate.isPresent())) {
            throw new UsageException(
                    "a repair needs a check of everything: leave out --rate, --metadata-only and --file");
        }
    }

    private CheckScope scope() {
        List<String> paths = files.stream().map(VolumePath::path).toList();
        return new CheckScope(new CheckOptions(metadataOnly, paths, rate.orElse(0L)));
    }

    /** Returns the names that were given, by inode. */
    private InodePaths given(Volume volume, CheckScope scope) throws HoldfastException {
        Map<Long, List<String>> names = new HashMap<>();
        for (String path : scope.options().files()) {
            try {
                names.computeIfAbsent(volume.status(path).inode(), _ -> new ArrayList<>())
                        .add(path);
            } catch (HoldfastException e) {
                if (e.code() != ErrorCode.NOT_FOUND) {
                    throw e;
                }
                // It was removed after the check.
            }
        }
        return InodePaths.known(volume, names, context().cancel());
    }

    /** Looks up the paths of the files that have a problem. */
    private InodePaths paths(Volume volume, CheckReport report) {
        Set<Long> inodes = report.problems().stream()
                .map(CheckReport.Problem::inode)
                .filter(inode -> inode != NO_FILE)
                .collect(Collectors.toSet());
        return InodePaths.find(volume, inodes, report.directories(), context().cancel());
    }

    private static Map<String, Object> json(CheckVerdict verdict, CheckScope scope, InodePaths paths, long nanos) {
        CheckReport report = verdict.report();
        return Json.object(
                "clean", verdict.clean(),
                "scope", scope.name(),
                "not_checked", scope.notChecked(),
                "problem_count", report.problemCount(),
                "problems",
                        report.problems().stream()
                                .map(p -> Json.object(
                                        "structure", p.structure(),
                                        "block", p.block(),
                                        "inode", p.inode(),
                                        "paths", paths.of(p.inode()),
                                        "message", p.message()))
                                .toList(),
                "recovery_problems", verdict.onlyAtOpening(),
                "unproven", report.unproven(),
                "advice", verdict.clean() ? "" : DamageAdvice.TEXT,
                "files", report.files(),
                "directories", report.directories(),
                "blocks_verified", report.blocksVerified(),
                "blocks_unverified", report.blocksUnverified(),
                "metadata_blocks", report.metadataBlocks(),
                "seconds", nanos / 1e9);
    }

    private static void show(PrintStream out, CheckVerdict verdict, CheckScope scope, InodePaths paths, long nanos) {
        CheckReport report = verdict.report();
        verdict.onlyAtOpening().forEach(p -> out.println("recovery: " + Names.printable(p)));
        report.problems()
                .forEach(p -> out.println(Names.printable(p.structure()) + (p.block() < 0 ? "" : " block " + p.block())
                        + ": " + names(paths, p.inode()) + Names.printable(p.message())));
        if (report.problemCount() > report.problems().size()) {
            out.println("… and " + (report.problemCount() - report.problems().size()) + " more");
        }
        out.println(report.blocksVerified() + " data blocks verified, " + report.blocksUnverified()
                + " without checksum read, " + report.metadataBlocks() + " metadata blocks verified; "
                + (scope.options().files().isEmpty()
                        ? count(report.files(), "file", "files") + ", "
                                + count(report.directories(), "directory", "directories")
                        : count(scope.options().files().size(), "file", "files"))
                + "; " + Durations.show(nanos));
        long problems = verdict.problems();
        report.unproven().forEach(part -> out.println("not proven: " + Names.printable(part)));
        if (problems > 0) {
            out.println("DAMAGED: " + count(problems, "problem", "problems") + notChecked(scope));
            out.println(DamageAdvice.TEXT);
        } else {
            out.println((report.unproven().isEmpty() ? "clean" : "no damage found, but not everything could be checked")
                    + notChecked(scope));
        }
    }

    private static String notChecked(CheckScope scope) {
        List<String> lines = scope.notChecked();
        return lines.isEmpty() ? "" : " (not checked: " + String.join("; ", lines) + ")";
    }

    private static String names(InodePaths paths, long inode) {
        if (inode == NO_FILE) {
            return "";
        }
        List<String> names = paths.of(inode);
        if (names.isEmpty()) {
            return paths.all()
                    ? "no name: "
                    : paths.unreadable() ? "no name found, since the directory tree is damaged: " : "no name found: ";
        }
        String more = names.size() > NAMES_SHOWN ? " and " + (names.size() - NAMES_SHOWN) + " more names" : "";
        return names.stream().limit(NAMES_SHOWN).map(Names::printable).collect(Collectors.joining(", ")) + more + ": ";
    }

    private static String count(long number, String one, String many) {
        return number + " " + (number == 1 ? one : many);
    }
}
