package io.holdfast.cli.serve;

import io.holdfast.cli.metrics.HttpAddress;
import io.holdfast.cli.text.DamageAdvice;
import io.holdfast.cli.text.Durations;
import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.Names;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.NbdExport;
import io.holdfast.volume.RecoveryReport;
import io.holdfast.volume.Volume;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The events that a server prints, a line each, for people or, with {@code --json}, for programs. */
final class ServeEvents {
    private final PrintStream out;
    private final boolean json;

    ServeEvents(PrintStream out, boolean json) {
        this.out = out;
        this.json = json;
    }

    void recovered(RecoveryReport r) {
        String text;
        if (r.clean() && r.records() == 0) {
            text = "opened; it had been closed cleanly";
        } else {
            text = (r.clean() ? "opened; it had been closed with its log: " : "recovered ") + r.records()
                    + " log records with " + r.blocks() + " blocks in " + Durations.show(r.nanos())
                    + (r.droppedTail() ? "; an unflushed end of the log was dropped" : "")
                    + (r.checkpoints() == 0
                            ? ""
                            : "; that took " + r.checkpoints()
                                    + " checkpoints on the way: the memory has no room for all changes at once");
        }
        print(
                Json.object(
                        "event", "opened",
                        "clean", r.clean(),
                        "records", r.records(),
                        "blocks", r.blocks(),
                        "durable_through", r.durableThrough(),
                        "dropped_tail", r.droppedTail(),
                        "checkpoints", r.checkpoints(),
                        "millis", Durations.millis(r.nanos()),
                        "problems", r.problems(),
                        "advice", r.problems().isEmpty() ? "" : DamageAdvice.TEXT),
                text);
        if (!json && !r.problems().isEmpty()) {
            r.problems().forEach(p -> out.println("DAMAGE found while opening: " + Names.printable(p)));
            out.println(DamageAdvice.TEXT);
        }
    }

    void exports(ExportPaths exports, NbdDoor nbd) {
        for (String path : exports.shown()) {
            List<String> uris = nbd.uris(path);
            print(
                    Json.object("event", "export", "path", path, "uris", uris),
                    Names.printable(path) + "  "
                            + nbd.whyNotServed(path)
                                    .map(why -> "is not served: " + why)
                                    .orElse(String.join("  ", uris)));
        }
        if (exports.more() > 0 || !exports.exact()) {
            String count = exports.more() + (exports.exact() ? "" : " or more");
            print(
                    Json.object("event", "more_exports", "count", exports.more(), "exact", exports.exact()),
                    "… and " + count + " more; 'holdfast ls' lists them");
        }
        if (exports.shown().isEmpty()) {
            print(
                    Json.object("event", "no_exports"),
                    "no files yet: 'holdfast create' or 'holdfast import' makes one, also while this runs");
        }
    }

    void http(HttpAddress address) {
        print(Json.object("event", "http", "uri", address.uri()), "metrics: " + address.shown("/metrics"));
    }

    /** Shows the exports of a list. */
    void exports(List<NbdExport> exports, NbdDoor nbd, Volume volume) {
        for (NbdExport export : exports) {
            List<String> uris = nbd.uris(export);
            print(
                    Json.object("event", "export", "path", export.path(), "name", export.name(), "uris", uris),
                    Names.printable(export.path()) + "  " + String.join("  ", uris)
                            + (isThere(export, volume) ? "" : "  (there is no such file yet)"));
        }
    }

    private static boolean isThere(NbdExport export, Volume volume) {
        try {
            var _ = volume.status(export.path());
            return true;
        } catch (HoldfastException e) {
            return e.code() != ErrorCode.NOT_FOUND;
        }
    }

    void ready(Path device, List<String> addresses, Path control) {
        print(
                Json.object(
                        "event", "ready",
                        "volume", device.toString(),
                        "nbd", addresses,
                        "control", control.toString(),
                        "pid", ProcessHandle.current().pid()),
                "ready: " + device + " at " + String.join(", ", addresses) + " (pid "
                        + ProcessHandle.current().pid() + "; Ctrl-C stops)");
    }

    void failed(String message) {
        print(
                Json.object("event", "failed", "message", message),
                "FAILED: " + Names.printable(message)
                        + "; the volume takes no more writes until it is opened again: mend the device, then 'holdfast resume'");
    }

    void resumed() {
        print(Json.object("event", "resumed"), "RESUMED: the volume was opened again and takes writes");
    }

    void stopping() {
        print(Json.object("event", "stopping"), "stopping: ending requests in flight, flushing, closing");
    }

    void stopped(long nanos) {
        print(
                Json.object("event", "stopped", "millis", Durations.millis(nanos)),
                "stopped in " + Durations.show(nanos));
    }

    private void print(Map<String, ?> object, String text) {
        out.println(json ? Json.line(object) : text);
        out.flush();
    }
}
