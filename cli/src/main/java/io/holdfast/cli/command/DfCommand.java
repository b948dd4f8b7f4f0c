package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.space.Fullness;
import io.holdfast.cli.space.SpaceReport;
import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.Table;
import io.holdfast.volume.HostSpace;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeUsage;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code holdfast df}. */
@Command(
        name = "df",
        description = "Show where the space is.",
        footer = {
            "",
            "Sizes are bytes, so that size = used + pending + reserved + free. With -h they have units and three digits:",
            "free is rounded down, what is taken is rounded up. use%%: all that is not free, of the size, rounded up.",
            "pending: dead already, free after the next checkpoint; reserved: promised to accepted writes and metadata;",
            "free: what new writes can take now; dirty: accepted and not yet written to the device.",
            "host: the file system that the volume's file lies on; promised: what the volume has and the file has not",
            "taken from the host yet. Warns when the volume or the host is 80 or 90 %% full, and when the host has less",
            "free than is promised."
        })
final class DfCommand extends VolumeCommand {
    @Mixin
    private ReadableOption readable;

    DfCommand(CliContext context) {
        super(context, false);
    }

    @Override
    protected ExitCode run(Volume volume) throws IOException {
        SpaceReport report = SpaceReport.of(device(), volume);
        output().print(context().out(), json(report), out -> show(out, report));
        return ExitCode.OK;
    }

    private static Map<String, Object> json(SpaceReport report) {
        VolumeUsage usage = report.usage();
        Map<String, Object> json = Json.object(
                "total_bytes", usage.total(),
                "used_bytes", usage.used(),
                "pending_bytes", usage.pending(),
                "reserved_bytes", usage.reserved(),
                "free_bytes", usage.free(),
                "dirty_bytes", usage.dirty(),
                "full_percent", Fullness.of(usage).percent());
        report.host()
                .ifPresent(host -> json.put(
                        "host",
                        Json.object(
                                "total_bytes", host.total(),
                                "used_bytes", host.used(),
                                "free_bytes", host.free(),
                                "promised_bytes", host.promised(),
                                "preallocated", host.preallocated(),
                                "full_percent", Fullness.of(host).percent())));
        json.put("warnings", report.jsonWarnings());
        return json;
    }

    private void show(PrintStream out, SpaceReport report) {
        VolumeUsage usage = report.usage();
        Table table = new Table(true, "volume", ">size", ">used", ">pending", ">reserved", ">free", ">use%", ">dirty");
        table.row(
                device().toString(),
                readable.show(usage.total()),
                readable.taken(usage.used()),
                readable.taken(usage.pending()),
                readable.taken(usage.reserved()),
                readable.left(usage.free()),
                Fullness.of(usage).percent() + "%",
                readable.taken(usage.dirty()));
        table.print(out);
        report.host().ifPresent(host -> show(out, host));
        report.lines().forEach(out::println);
    }

    private void show(PrintStream out, HostSpace host) {
        Table table = new Table(true, "host", ">size", ">used", ">free", ">use%", ">promised");
        table.row(
                "its file system",
                readable.show(host.total()),
                readable.taken(host.used()),
                readable.left(host.free()),
                Fullness.of(host).percent() + "%",
                host.promised() < 0 ? "unknown" : readable.taken(host.promised()));
        table.print(out);
    }
}
