package io.holdfast.cli.serve;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.UsageException;
import io.holdfast.cli.access.VolumeAccess;
import io.holdfast.cli.command.DurationConverter;
import io.holdfast.cli.command.HoldfastCommand;
import io.holdfast.cli.command.MemoryOption;
import io.holdfast.cli.control.ControlPath;
import io.holdfast.cli.control.ControlServer;
import io.holdfast.cli.host.HostPath;
import io.holdfast.cli.log.ServerLog;
import io.holdfast.cli.space.SpaceReport;
import io.holdfast.error.HoldfastException;
import io.holdfast.memory.MemoryPlan;
import io.holdfast.nbd.NbdServer;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code holdfast serve}: holds a volume open, with its doors and its control socket, until it is told to stop. */
@Command(
        name = "serve",
        description = "Serve the files of a volume over NBD until SIGTERM or Ctrl-C.",
        footer = {
            "",
            "Prints a URI for each file and address, then one line that begins with 'ready'.",
            "Exit codes: 'holdfast --help' lists them."
        })
public final class ServeCommand extends HoldfastCommand {
    /** Time between two looks at what people should know of. */
    private static final Duration POLL = Duration.ofSeconds(1);

    @Parameters(
            index = "0",
            paramLabel = "VOLUME",
            converter = HostPath.class,
            description = "The file or block device that holds the volume.")
    private Path device;

    @Mixin
    private NbdArguments nbdArguments;

    @Mixin
    private MemoryOption memory;

    @Option(
            names = "--read-only",
            description = "Take no writes, and write nothing to the device, not even a recovery.")
    private boolean readOnly;

    @Option(
            names = "--io",
            paramLabel = "ENGINE",
            description = "How to read and write the device: 'uring' is Linux's io_uring, 'plain' works everywhere,"
                    + " 'auto' takes io_uring where the kernel lets it. Default: auto")
    private @Nullable String io;

    @Option(
            names = "--check-every",
            paramLabel = "TIME",
            converter = DurationConverter.class,
            description = "Check the volume when the last check is so long ago, as in 7d, 12h or 30m.")
    private Optional<Duration> checkEvery = Optional.empty();

    private boolean failureShown;

    public ServeCommand(CliContext context) {
        super(context);
    }

    @Override
    protected ExitCode run() throws IOException, InterruptedException {
        if (readOnly && checkEvery.isPresent()) {
            throw new UsageException(
                    "--check-every notes in the volume when it was checked, so it does not go with --read-only");
        }
        OpenOptions options = options();
        var nbdOptions = nbdArguments
                .options(readOnly)
                .withBytesMax(MemoryPlan.of(options.memory()).payloads());
        NbdServer.check(nbdArguments.addresses(), nbdOptions);
        ClassPath.openAll();
        ServerSignals.ignore();
        ServeEvents events = new ServeEvents(context().out(), output().json());
        long stopAt;
        // These close in reverse order: when the volume closes, no request can come in.
        try (ServerLog _ = ServerLog.open(context().err(), output().json());
                CheckSchedule checks = new CheckSchedule(checkEvery, InstantSource.system());
                ServedVolume served = new ServedVolume(
                        new VolumeAccess(context().engine(), context().cancel()).openHere(device, options))) {
            context().cancel().patiently();
            events.recovered(served.volume().recovery());
            DamageLog.opened(served.volume().recovery().problems());
            NbdDoor nbd = served.open(nbdArguments.addresses(), nbdOptions);
            try (ControlServer control = ControlServer.start(served, ControlPath.of(device))) {
                events.exports(ExportPaths.of(served.volume()), nbd);
                events.ready(device, nbd.addresses(), control.path());
                SpaceWatch space = new SpaceWatch();
                do {
                    showFailure(served.volume(), events);
                    space.look(SpaceReport.of(device, served.volume()));
                    checks.look(served);
                } while (!context().cancel().await(POLL));
                stopAt = System.nanoTime();
                events.stopping();
            } finally {
                served.closeDoor();
            }
        }
        events.stopped(System.nanoTime() - stopAt);
        return ExitCode.OK;
    }

    private OpenOptions options() {
        OpenOptions options = memory.open(readOnly);
        options = options.withErrors(new DamageLog());
        return io == null ? options : options.withIo(io);
    }

    private void showFailure(Volume volume, ServeEvents events) {
        Optional<HoldfastException> failure = volume.failure();
        if (failure.isPresent() && !failureShown) {
            events.failed(String.valueOf(failure.get().getMessage()));
        } else if (failure.isEmpty() && failureShown) {
            events.resumed();
        }
        failureShown = failure.isPresent();
    }
}
