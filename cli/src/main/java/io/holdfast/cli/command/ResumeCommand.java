package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.control.RemoteVolume;
import io.holdfast.cli.control.Served;
import io.holdfast.cli.text.Durations;
import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.Names;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.RecoveryReport;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumePath;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code holdfast resume}. */
@Command(
        name = "resume",
        description = "Have a server open its volume again that has failed, after the device was mended.",
        footer = {
            "",
            "The server's NBD connections end; clients that connect again go on. Files with writes that were acknowledged",
            "and not flushed before the failure are named: these writes may be lost, and every flush of such a file is",
            "refused, also by a server that is started later. Restart its clients, then accept the loss with --accept."
        })
final class ResumeCommand extends VolumeCommand {
    @Option(
            names = "--accept",
            paramLabel = "PATH",
            converter = PathArgument.class,
            description =
                    "Let flushes of this file succeed again, or with / those of all files, and open nothing. May be given several times.")
    private List<VolumePath> accepted = List.of();

    ResumeCommand(CliContext context) {
        super(context, false);
    }

    @Override
    protected ExitCode run(Volume volume) throws IOException {
        if (!(volume instanceof RemoteVolume served)) {
            throw new HoldfastException(
                    ErrorCode.INVALID,
                    device() + " is not being served, so there is nothing to resume; it is opened by whoever needs it");
        }
        if (!accepted.isEmpty()) {
            return accept(served);
        }
        Served.Resumed resumed = served.resume();
        RecoveryReport recovery = resumed.recovery();
        output().print(
                        context().out(),
                        Json.object(
                                "records", recovery.records(),
                                "blocks", recovery.blocks(),
                                "dropped_tail", recovery.droppedTail(),
                                "millis", Durations.millis(recovery.nanos()),
                                "problems", recovery.problems(),
                                "lost", resumed.lost()),
                        out -> show(out, resumed));
        return ExitCode.OK;
    }

    private ExitCode accept(RemoteVolume served) throws IOException {
        for (VolumePath path : accepted) {
            String canonical = path.path();
            served.acceptLoss(canonical);
            output().print(
                            context().out(),
                            Json.object("accepted", canonical),
                            out -> out.println(Names.printable(canonical) + ": flushes succeed again"));
        }
        return ExitCode.OK;
    }

    private void show(PrintStream out, Served.Resumed resumed) {
        RecoveryReport recovery = resumed.recovery();
        out.println("resumed " + device() + ": " + recovery.records() + " log records with " + recovery.blocks()
                + " blocks in " + Durations.show(recovery.nanos()));
        recovery.problems().forEach(p -> out.println("DAMAGE found while opening: " + Names.printable(p)));
        resumed.lost()
                .forEach(path -> out.println("LOST: " + Names.printable(path)
                        + ": writes that were not flushed may be gone, and its flushes are refused; restart its clients,"
                        + " then 'holdfast resume --accept'"));
    }
}
