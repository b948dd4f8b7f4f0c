package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.control.RemoteVolume;
import io.holdfast.cli.text.Durations;
import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.Names;
import io.holdfast.cli.text.Sizes;
import io.holdfast.cli.text.Table;
import io.holdfast.nbd.NbdClientStatus;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;

/** {@code holdfast clients}. */
@Command(
        name = "clients",
        description =
                "List the NBD clients of a served volume: who has what open, from where, since when, and how much.",
        footer = {"", "'holdfast disconnect VOLUME ID' ends one of them."})
final class ClientsCommand extends VolumeCommand {
    ClientsCommand(CliContext context) {
        super(context, false);
    }

    @Override
    protected ExitCode run(Volume volume) throws IOException {
        boolean served = volume instanceof RemoteVolume;
        List<NbdClientStatus> clients = volume instanceof RemoteVolume remote ? remote.clients() : List.of();
        output().print(
                        context().out(),
                        Json.object(
                                "served",
                                served,
                                "clients",
                                clients.stream().map(ClientsCommand::json).toList()),
                        out -> {
                            if (served) {
                                show(out, clients);
                            } else {
                                out.println(Names.printable("nobody serves " + device() + ", so there are no clients"));
                            }
                        });
        return ExitCode.OK;
    }

    private static void show(PrintStream out, List<NbdClientStatus> clients) {
        if (clients.isEmpty()) {
            out.println("no clients");
            return;
        }
        Table table =
                new Table(true, ">id", "export", "mode", "from", "who", ">since", ">requests", ">read", ">written");
        for (NbdClientStatus client : clients) {
            table.row(
                    Long.toString(client.id()),
                    client.path().isEmpty() ? "(none yet)" : Names.printable(client.export()),
                    mode(client),
                    Names.printable(client.from().isEmpty() ? client.at() : client.from()),
                    who(client),
                    Durations.show(client.openNanos()),
                    Long.toString(client.requests()),
                    Sizes.show(client.bytesRead()),
                    Sizes.show(client.bytesWritten()));
        }
        table.print(out);
    }

    private static String mode(NbdClientStatus client) {
        if (client.path().isEmpty()) {
            return "-";
        }
        return client.readOnly() ? "read-only" : client.hasWritten() ? "writes" : "read-write";
    }

    /** Names a client as far as the system, or its certificate, knows it. */
    static String who(NbdClientStatus client) {
        String process = client.process()
                .map(found -> (found.pid() > 0 ? "pid " + found.pid() + ", " : "") + "uid " + found.uid())
                .orElse("");
        String certificate = client.certificate().isEmpty() ? "" : "certificate " + client.certificate();
        String both = process + (process.isEmpty() || certificate.isEmpty() ? "" : ", ") + certificate;
        return both.isEmpty() ? "-" : Names.printable(both);
    }

    /** Returns a client for programs. */
    static Map<String, Object> json(NbdClientStatus client) {
        Map<String, Object> json = Json.object(
                "id", client.id(),
                "export", client.export(),
                "path", client.path(),
                "read_only", client.readOnly(),
                "has_written", client.hasWritten(),
                "at", client.at(),
                "from", client.from(),
                "certificate", client.certificate(),
                "seconds", client.openNanos() / 1e9,
                "requests", client.requests(),
                "read_bytes", client.bytesRead(),
                "written_bytes", client.bytesWritten());
        client.process().ifPresent(process -> {
            json.put("pid", process.pid());
            json.put("uid", process.uid());
            json.put("gid", process.gid());
        });
        return json;
    }
}
