package io.holdfast.cli.demo;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.UsageException;
import io.holdfast.cli.command.HoldfastCommand;
import io.holdfast.cli.host.HostPath;
import io.holdfast.cli.host.ReaderGoneException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code holdfast demo}. */
@Command(
        name = "demo",
        description = {
            "Prove on this machine what Holdfast promises, in less than a minute.",
            "Makes a volume in a temporary folder, imports a disk image, serves it, writes over several connections,"
                    + " kills the server in mid-write, and shows that nothing that was flushed is lost and that every"
                    + " block verifies."
        })
public final class DemoCommand extends HoldfastCommand {
    @Option(
            names = "--dir",
            paramLabel = "DIR",
            converter = HostPath.class,
            description = "Where to make the temporary folder, some 700 MiB.")
    private Optional<Path> parent;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "3",
            description = "Kills of the server. Default: ${DEFAULT-VALUE}")
    private int rounds;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "2",
            description = "Writing before each kill. Default: ${DEFAULT-VALUE}")
    private int seconds;

    public DemoCommand(CliContext context) {
        super(context);
    }

    @Override
    protected ExitCode run() throws IOException {
        if (rounds < 1 || seconds < 1) {
            throw new UsageException("--rounds and --seconds are at least 1");
        }
        if (parent.isPresent() && !Files.isDirectory(parent.get())) {
            throw new NoSuchFileException(parent.get().toString());
        }
        Path folder = parent.isPresent()
                ? Files.createTempDirectory(parent.get(), "holdfast-demo")
                : Files.createTempDirectory("holdfast-demo");
        DemoReport report = new DemoReport(context().out(), output().json());
        try (Cancellation.Guard guard = context().cancel().guard();
                DemoRun demo = new DemoRun(context(), folder, report)) {
            guard.of(() -> {
                demo.end();
                delete(folder);
            });
            demo.all(rounds, seconds);
        } catch (ReaderGoneException e) {
            throw e;
        } catch (IOException | UncheckedIOException e) {
            context().cancel().check();
            report.failed(String.valueOf(e.getMessage()));
            return ExitCode.FAILURE;
        } finally {
            delete(folder);
        }
        report.passed();
        return ExitCode.OK;
    }

    private static void delete(Path folder) throws IOException {
        List<Path> all;
        try (Stream<Path> tree = Files.walk(folder)) {
            all = tree.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : all) {
            Files.deleteIfExists(path);
        }
    }
}
