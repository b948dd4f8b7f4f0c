package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.Sizes;
import io.holdfast.cli.text.Table;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeUsage;
import java.io.IOException;
import java.io.PrintStream;
import picocli.CommandLine.Command;

/** {@code holdfast df}. */
@Command(
        name = "df",
        description = "Show where the space is.",
        footer = {
            "",
            "pending: dead already, free after the next checkpoint; reserved: promised to accepted writes and metadata;",
            "free: what new writes can take now; dirty: accepted and not yet written to the device."
        })
final class DfCommand extends VolumeCommand {
    DfCommand(CliContext context) {
        super(context, false);
    }

    @Override
    protected ExitCode run(Volume volume) throws IOException {
        VolumeUsage usage = volume.usage();
        output().print(
                        context().out(),
                        Json.object(
                                "total_bytes", usage.total(),
                                "used_bytes", usage.used(),
                                "pending_bytes", usage.pending(),
                                "reserved_bytes", usage.reserved(),
                                "free_bytes", usage.free(),
                                "dirty_bytes", usage.dirty()),
                        out -> show(out, usage));
        return ExitCode.OK;
    }

    private void show(PrintStream out, VolumeUsage usage) {
        Table table = new Table(true, "volume", ">size", ">used", ">pending", ">reserved", ">free", ">use%", ">dirty");
        long taken = usage.total() - usage.free();
        table.row(
                device().toString(),
                Sizes.show(usage.total()),
                Sizes.show(usage.used()),
                Sizes.show(usage.pending()),
                Sizes.show(usage.reserved()),
                Sizes.show(usage.free()),
                (usage.total() == 0 ? 0 : Math.ceilDiv(taken * 100, usage.total())) + "%",
                Sizes.show(usage.dirty()));
        table.print(out);
    }
}
