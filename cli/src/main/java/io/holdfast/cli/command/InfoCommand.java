package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.control.RemoteVolume;
import io.holdfast.cli.control.ServerStatus;
import io.holdfast.cli.space.SpaceReport;
import io.holdfast.cli.text.DamageAdvice;
import io.holdfast.cli.text.Durations;
import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.Names;
import io.holdfast.cli.text.Sizes;
import io.holdfast.cli.text.Table;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.FinishedCheck;
import io.holdfast.volume.JobKind;
import io.holdfast.volume.JobStatus;
import io.holdfast.volume.RecoveryReport;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeCounters;
import io.holdfast.volume.VolumeInfo;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;

/** {@code holdfast info}. */
@Command(name = "info", description = "Show what a volume is, and what its server has done.")
final class InfoCommand extends VolumeCommand {
    InfoCommand(CliContext context) {
        super(context, false);
    }

    @Override
    protected ExitCode run(Volume volume) throws IOException {
        boolean served = volume instanceof RemoteVolume;
        VolumeInfo info = volume.info();
        String failure = volume.failure().map(HoldfastException::getMessage).orElse("");
        List<String> damage = volume.damage();
        Map<String, Object> json = Json.object(
                "uuid", info.uuid().toString(),
                "label", info.label(),
                "size_bytes", info.size(),
                "block_bytes", info.blockSize(),
                "checksum", info.checksum().label(),
                "format_version", info.formatVersion(),
                "generation", info.generation(),
                "served", served,
                "failure", failure,
                "damage", damage,
                "advice", damage.isEmpty() ? "" : DamageAdvice.TEXT);
        SpaceReport space = SpaceReport.of(device(), volume);
        json.put("warnings", space.jsonWarnings());
        Checks checks = Checks.of(volume);
        checks.last().ifPresent(last -> json.put("last_check", json(last)));
        checks.running().ifPresent(job -> json.put("running_check", JobsCommand.json(job)));
        Optional<ServerStatus> server = volume instanceof RemoteVolume remote ? remote.server() : Optional.empty();
        boolean recoveryPending = !served && !volume.recovery().clean();
        json.put("recovery_pending", recoveryPending);
        server.ifPresent(s -> json.put("server", json(s)));
        if (served) {
            json.put("read_only", info.readOnly());
            json.put("direct_io", info.directIo());
            json.put("counters", counters(volume.counters()));
        }
        output().print(context().out(), json, out -> {
            show(out, volume, info, checks, served, server, failure);
            if (recoveryPending) {
                out.println("RECOVERY PENDING: " + pending(volume.recovery()));
            }
            damage.forEach(line -> out.println("DAMAGE: " + Names.printable(line)));
            if (!damage.isEmpty()) {
                out.println(DamageAdvice.TEXT);
            }
            space.lines().forEach(out::println);
        });
        return ExitCode.OK;
    }

    /** What is known of checks. */
    private record Checks(Optional<FinishedCheck> last, Optional<JobStatus> running, String unreadable) {
        static Checks of(Volume volume) throws HoldfastException {
            Optional<JobStatus> running;
            try {
                running = volume.jobs().list().stream()
                        .filter(job -> job.kind() == JobKind.CHECK)
                        .findFirst();
            } catch (HoldfastException e) {
                if (e.code() != ErrorCode.UNSUPPORTED) {
                    throw e;
                }
                running = Optional.empty(); // The server is of an older version.
            }
            try {
                return new Checks(volume.lastCheck(), running, "");
            } catch (HoldfastException e) {
                return new Checks(Optional.empty(), running, String.valueOf(e.getMessage()));
            }
        }

        String lastText() {
            if (!unreadable.isEmpty()) {
                return "unknown: " + Names.printable(unreadable);
            }
            return last.map(check ->
                            check.finished() + ": " + result(check) + ", took " + Durations.show(check.nanos()))
                    .orElse("none by a server");
        }

        private static String result(FinishedCheck check) {
            return switch (check.result()) {
                case CLEAN -> "clean";
                case NOT_PROVEN -> "no damage found, not proven in parts: " + check.unproven();
                case DAMAGED -> "DAMAGED, problems: " + check.problems();
            };
        }
    }

    private static String text(JobStatus check) {
        String percent = check.percent() < 0 ? "" : check.percent() + " %, ";
        String rate = check.rate() == 0 ? "" : ", at most " + Sizes.show(check.rate()) + "/s";
        return "job " + check.id() + ", " + percent + check.state().label() + rate;
    }

    private static String pending(RecoveryReport recovery) {
        return "it was not closed; " + recovery.records() + " log records with " + recovery.blocks()
                + " blocks are replayed by whoever opens it for writing next";
    }

    private static Map<String, Object> json(ServerStatus server) {
        return Json.object(
                "pid",
                server.pid(),
                "version",
                server.version(),
                "seconds",
                server.upNanos() / 1e9,
                "addresses",
                server.addresses(),
                "clients",
                server.clients());
    }

    private static void show(Table table, ServerStatus server) {
        table.row(
                "server",
                "pid " + server.pid() + ", version " + Names.printable(server.version()) + ", for "
                        + Durations.show(server.upNanos()));
        table.row(
                "addresses",
                server.addresses().isEmpty() ? "none" : Names.printable(String.join(", ", server.addresses())));
        table.row("clients", Long.toString(server.clients()));
    }

    private static Map<String, Object> json(FinishedCheck check) {
        return Json.object(
                "finished", check.finished().toString(),
                "result", check.result().label().replace(' ', '_'),
                "problem_count", check.problems(),
                "unproven_count", check.unproven(),
                "seconds", check.nanos() / 1e9);
    }

    private static void show(
            PrintStream out,
            Volume volume,
            VolumeInfo info,
            Checks checks,
            boolean served,
            Optional<ServerStatus> server,
            String failure) {
        Table table = new Table(false, "name", "value");
        table.row("uuid", info.uuid().toString());
        table.row("label", info.label().isEmpty() ? "(none)" : Names.printable(info.label()));
        table.row("size", Sizes.exact(info.size()));
        table.row("checksum", info.checksum().label() + ", one for each block of " + info.blockSize() + " bytes");
        table.row("format version", Integer.toString(info.formatVersion()));
        table.row("checkpoint", Long.toString(info.generation()));
        table.row("last check", checks.lastText());
        checks.running().ifPresent(job -> table.row("check", text(job)));
        table.row("served", served ? "yes" + (info.readOnly() ? ", read-only" : "") : "no");
        server.ifPresent(found -> show(table, found));
        if (served) {
            counters(volume.counters()).forEach((name, value) -> table.row(name.replace('_', ' '), shown(name, value)));
        }
        if (!failure.isEmpty()) {
            table.row("FAILED", Names.printable(failure) + "; 'holdfast resume' does that");
        }
        table.print(out);
    }

    private static String shown(String name, Object value) {
        return name.startsWith("bytes_") && value instanceof Long bytes ? Sizes.exact(bytes) : value.toString();
    }

    private static Map<String, Object> counters(VolumeCounters c) {
        return Json.object(
                "device_flushes", c.deviceFlushes(),
                "device_writes", c.deviceWrites(),
                "bytes_written", c.bytesWritten(),
                "bytes_read", c.bytesRead(),
                "log_records", c.logRecords(),
                "checkpoints", c.checkpoints(),
                "stable_copies", c.stableCopies(),
                "zero_copy_blocks", c.zeroCopyBlocks(),
                "cache_hits", c.cacheHits(),
                "cache_misses", c.cacheMisses(),
                "checksum_errors", c.checksumErrors());
    }
}
