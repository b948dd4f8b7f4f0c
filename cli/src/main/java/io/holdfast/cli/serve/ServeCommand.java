package io.holdfast.cli.serve;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.UsageException;
import io.holdfast.cli.access.VolumeAccess;
import io.holdfast.cli.command.DurationConverter;
import io.holdfast.cli.command.HoldfastCommand;
import io.holdfast.cli.command.MemoryOption;
import io.holdfast.cli.config.ConfiguredLine;
import io.holdfast.cli.control.ControlPath;
import io.holdfast.cli.control.ControlServer;
import io.holdfast.cli.host.HostPath;
import io.holdfast.cli.host.StandardOutput;
import io.holdfast.cli.log.Log;
import io.holdfast.cli.log.LogFormat;
import io.holdfast.cli.log.ServerLog;
import io.holdfast.cli.metrics.HttpAddress;
import io.holdfast.cli.service.InheritedSockets;
import io.holdfast.cli.service.MemoryLimit;
import io.holdfast.cli.service.ServiceManager;
import io.holdfast.cli.space.SpaceReport;
import io.holdfast.cli.text.Json;
import io.holdfast.error.HoldfastException;
import io.holdfast.memory.MemoryPlan;
import io.holdfast.nbd.NbdAddress;
import io.holdfast.nbd.NbdOptions;
import io.holdfast.nbd.NbdServer;
import io.holdfast.volume.Discard;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
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

    private static final List<String> IO_ENGINES = List.of("auto", "uring", "plain");

    @Parameters(
            index = "0",
            paramLabel = "VOLUME",
            converter = HostPath.class,
            description = "The file or block device that holds the volume.")
    private Path device;

    @Mixin
    private NbdArguments nbdArguments;

    @Mixin
    private HttpArguments httpArguments;

    @Mixin
    private LogArguments logArguments;

    @Mixin
    private AccessArguments access;

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

    @Option(
            names = "--discard",
            paramLabel = "WHEN",
            description =
                    "Give free space back to the host: 'async' in the background, some time after it has become"
                            + " free; 'off' only by 'holdfast trim'. Default: async, but off for a volume whose room was taken beforehand")
    private @Nullable String discard;

    @Option(
            names = ConfiguredLine.OPTION,
            paramLabel = "FILE",
            converter = HostPath.class,
            description = "Take options from FILE, in TOML: each option is a key without its dashes, VOLUME is the key"
                    + " 'volume'. What stands on the command line wins.")
    private Optional<Path> config = Optional.empty();

    @Option(
            names = "--check-config",
            description = "Say what is wrong with the options and with the file of --config, and end without serving.")
    private boolean checkConfig;

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
        if (io != null && !IO_ENGINES.contains(io)) {
            throw new UsageException("--io is one of auto, uring, plain, not '" + io + "'");
        }
        LogFormat logFormat = logArguments.format(output().json());
        Level logLevel = logArguments.level();
        Optional<HttpAddress> http = httpArguments.address(access.sockets());
        if (discard != null && !discard.equals("async") && !discard.equals("off")) {
            throw new UsageException("--discard is one of async, off, not '" + discard + "'");
        }
        OpenOptions options = memory.open(readOnly).withErrors(new DamageLog()).withDiscard(discard());
        MemoryPlan plan = MemoryPlan.of(options.memory());
        var nbdOptions =
                access.with(nbdArguments.options(readOnly).withBytesMax(plan.payloads()), nbdArguments.addresses());
        HttpArguments.requireOwn(http, nbdArguments.addresses());
        HttpArguments.requireOwn(http, nbdOptions.access().ownSockets());
        if (checkConfig) {
            return configIsGood();
        }
        HeapCheck.require(plan.total());
        MemoryLimit.require(plan.total(), nbdOptions.connectionsMax() * nbdOptions.connectionBytes());
        InheritedSockets sockets = InheritedSockets.ofProcess();
        List<NbdAddress> addresses = sockets.with(nbdArguments.addresses());
        access.requireSafe(addresses, nbdOptions);
        HttpArguments.requireOwn(http, addresses);
        if (addresses.isEmpty() && nbdOptions.access().ownSockets().isEmpty()) {
            throw new UsageException("Missing required option: '--nbd=ADDRESS'");
        }
        NbdServer.check(addresses, nbdOptions, sockets);
        ClassPath.openAll();
        ServerSignals.ignore();
        Log.least(logLevel);
        // These close in reverse order: the log is the last.
        try (ServerLog _ = ServerLog.open(context().err(), logFormat);
                Monitoring monitoring = Monitoring.start(http);
                ServiceManager manager = ServiceManager.ofProcess()) {
            return serve(
                    options.withIo(io == null ? options.io() : io),
                    addresses,
                    nbdOptions,
                    sockets,
                    manager,
                    monitoring);
        }
    }

    private ExitCode serve(
            OpenOptions options,
            List<NbdAddress> addresses,
            NbdOptions nbdOptions,
            InheritedSockets sockets,
            ServiceManager manager,
            Monitoring monitoring)
            throws IOException, InterruptedException {
        // Whoever waited for the first lines may go; the clients stay.
        StandardOutput.letReaderLeave(context().out());
        ServeEvents events = new ServeEvents(context().out(), output().json());
        ServiceStatus status = new ServiceStatus(manager, device);
        long stopAt;
        // These close in reverse order: when the volume closes, no request can come in.
        try (CheckSchedule checks = new CheckSchedule(checkEvery, InstantSource.system());
                ServedVolume served = new ServedVolume(
                        device,
                        new VolumeAccess(context().engine(), context().cancel())
                                .openHere(device, options.withRecovery(status.opening())))) {
            context().cancel().patiently();
            events.recovered(served.volume().recovery());
            DamageLog.opened(served.volume().recovery().problems());
            NbdDoor nbd = served.open(addresses, nbdOptions, sockets);
            try (ControlServer control = ControlServer.start(served, ControlPath.of(device))) {
                if (nbd.exports().isEmpty()) {
                    events.exports(ExportPaths.of(served.volume()), nbd);
                } else {
                    events.exports(nbd.exports(), nbd, served.volume());
                }
                monitoring.show(events);
                events.ready(device, nbd.addresses(), control.path());
                status.ready(nbd.addresses());
                SpaceWatch space = new SpaceWatch();
                do {
                    Optional<HoldfastException> failure = showFailure(served.volume(), events);
                    SpaceReport report = SpaceReport.of(device, served.volume());
                    space.look(report);
                    checks.look(served);
                    status.look(served, failure, report);
                    monitoring.look(served, failure, report);
                } while (!context().cancel().await(POLL));
                stopAt = System.nanoTime();
                events.stopping();
                status.stopping();
                monitoring.stopping();
            } finally {
                served.closeDoor();
            }
        }
        events.stopped(System.nanoTime() - stopAt);
        return ExitCode.OK;
    }

    private Discard discard() {
        if (discard == null) {
            return Discard.AUTO;
        }
        return discard.equals("async") ? Discard.ASYNC : Discard.OFF;
    }

    private ExitCode configIsGood() {
        String name = config.map(Path::toString).orElse("the command line");
        output().print(
                        context().out(),
                        Json.object("config", config.map(Path::toString).orElse(""), "good", true),
                        out -> out.println(name + ": no fault found"));
        return ExitCode.OK;
    }

    private Optional<HoldfastException> showFailure(Volume volume, ServeEvents events) {
        Optional<HoldfastException> failure = volume.failure();
        if (failure.isPresent() && !failureShown) {
            events.failed(String.valueOf(failure.get().getMessage()));
        } else if (failure.isEmpty() && failureShown) {
            events.resumed();
        }
        failureShown = failure.isPresent();
        return failure;
    }
}
