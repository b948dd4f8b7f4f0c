package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.text.DamageAdvice;
import io.holdfast.cli.text.Durations;
import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.Names;
import io.holdfast.cli.text.ProgressLine;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.RecoveryReport;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code holdfast check}. */
@Command(
        name = "check",
        description = "Read and verify everything: structures, space, and every block's checksum.",
        footer = {
            "",
            "On a served volume the check goes through the volume in slices beside its clients. They come first: where they",
            "need the space that a slice would keep, the check says that it could not prove that part.",
            "",
            "Exit code 0: no damage found; 1: damage found. 'holdfast --help' lists the others."
        })
final class CheckCommand extends VolumeCommand {
    private static final long NO_FILE = -1;
    private static final int NAMES_SHOWN = 10;

    @Mixin
    private ProgressOption progressOption;

    CheckCommand(CliContext context) {
        super(context, false);
    }

    @Override
    protected ExitCode run(Volume volume) throws IOException {
        long start = System.nanoTime();
        CheckReport report;
        try (ProgressLine progress = progressOption.start(context(), output(), "check", ProgressLine.Unit.BLOCKS, -1)) {
            report = volume.check((done, total) -> {
                context().cancel().check();
                progress.update(done, total);
            });
        }
        long nanos = System.nanoTime() - start;
        List<String> onlyAtOpening = onlyAtOpening(volume.recovery(), report);
        InodePaths paths = paths(volume, report);
        output().print(
                        context().out(),
                        json(report, paths, onlyAtOpening, nanos),
                        out -> show(out, report, paths, onlyAtOpening, nanos));
        return report.clean() && onlyAtOpening.isEmpty() ? ExitCode.OK : ExitCode.FAILURE;
    }

    /** Returns the problems that opening met and the check did not meet again. */
    private static List<String> onlyAtOpening(RecoveryReport recovery, CheckReport report) {
        Set<String> found =
                report.problems().stream().map(CheckReport.Problem::message).collect(Collectors.toSet());
        return recovery.problems().stream().filter(p -> !found.contains(p)).toList();
    }

    /** Looks up the paths of the files that have a problem. */
    private InodePaths paths(Volume volume, CheckReport report) {
        Set<Long> inodes = report.problems().stream()
                .map(CheckReport.Problem::inode)
                .filter(inode -> inode != NO_FILE)
                .collect(Collectors.toSet());
        return InodePaths.find(volume, inodes, report.directories(), context().cancel());
    }

    private static Map<String, Object> json(
            CheckReport report, InodePaths paths, List<String> onlyAtOpening, long nanos) {
        return Json.object(
                "clean", report.clean() && onlyAtOpening.isEmpty(),
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
                "recovery_problems", onlyAtOpening,
                "unproven", report.unproven(),
                "advice", report.clean() && onlyAtOpening.isEmpty() ? "" : DamageAdvice.TEXT,
                "files", report.files(),
                "directories", report.directories(),
                "blocks_verified", report.blocksVerified(),
                "blocks_unverified", report.blocksUnverified(),
                "metadata_blocks", report.metadataBlocks(),
                "seconds", nanos / 1e9);
    }

    private static void show(
            PrintStream out, CheckReport report, InodePaths paths, List<String> onlyAtOpening, long nanos) {
        onlyAtOpening.forEach(p -> out.println("recovery: " + Names.printable(p)));
        report.problems()
                .forEach(p -> out.println(Names.printable(p.structure()) + (p.block() < 0 ? "" : " block " + p.block())
                        + ": " + names(paths, p.inode()) + Names.printable(p.message())));
        if (report.problemCount() > report.problems().size()) {
            out.println("… and " + (report.problemCount() - report.problems().size()) + " more");
        }
        out.println(report.blocksVerified() + " data blocks verified, " + report.blocksUnverified()
                + " without checksum read, " + report.metadataBlocks() + " metadata blocks verified; "
                + count(report.files(), "file", "files") + ", "
                + count(report.directories(), "directory", "directories") + "; " + Durations.show(nanos));
        long problems = report.problemCount() + onlyAtOpening.size();
        report.unproven().forEach(part -> out.println("not proven: " + Names.printable(part)));
        if (problems > 0) {
            out.println("DAMAGED: " + count(problems, "problem", "problems"));
            out.println(DamageAdvice.TEXT);
        } else {
            out.println(report.unproven().isEmpty() ? "clean" : "no damage found, but not everything could be checked");
        }
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
