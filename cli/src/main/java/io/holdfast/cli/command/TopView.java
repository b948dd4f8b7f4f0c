package io.holdfast.cli.command;

import io.holdfast.cli.metrics.Rates;
import io.holdfast.cli.metrics.ServerReadings;
import io.holdfast.cli.text.Durations;
import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.Names;
import io.holdfast.cli.text.Sizes;
import io.holdfast.cli.text.Table;
import io.holdfast.volume.JobStatus;
import io.holdfast.volume.LatencyCounts;
import io.holdfast.volume.VolumeMetrics;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Shows what a server does: on a screen, a line each time, or for programs. One thread uses this. */
final class TopView {
    private static final String HOME_AND_CLEAR = "\033[H\033[J";
    private static final String BOLD = "\033[1m";
    private static final String RED = "\033[1;31m";
    private static final String PLAIN = "\033[0m";
    /** Lines between two headers. */
    private static final int HEADER_EVERY = 20;

    private static final String LINE = "%8s %8s %8s %9s %9s %9s %9s %9s %9s %6s %9s %9s %9s %4s%n";

    private final Path device;
    private final boolean screen;
    private final boolean color;
    private int lines;

    /**
     * @param screen whether to fill the screen
     * @param color whether to stress words
     */
    TopView(Path device, boolean screen, boolean color) {
        this.device = device;
        this.screen = screen;
        this.color = color;
    }

    void show(PrintStream out, Rates rates) {
        if (screen) {
            fill(out, rates);
        } else {
            line(out, rates);
        }
    }

    private static String count(double perSecond) {
        return String.format(Locale.ROOT, perSecond < 9.95 ? "%.1f" : "%.0f", perSecond);
    }

    private static String bytes(double perSecond) {
        return Sizes.show((long) perSecond);
    }

    private static String time(LatencyCounts times, double part) {
        if (times.count() == 0) {
            return "-";
        }
        long nanos = times.quantile(part);
        return nanos < 1_000_000 ? Math.round(nanos / 1e3) + " µs" : Durations.show(nanos);
    }

    private static String hits(Rates rates) {
        return rates.cacheHits() < 0 ? "-" : Math.round(rates.cacheHits() * 100) + "%";
    }

    private static String log(ServerReadings readings) {
        return readings.metrics().map(m -> Sizes.show(m.log().bytes())).orElse("-");
    }

    private static String checkpoint(ServerReadings readings) {
        return readings.metrics()
                .map(VolumeMetrics::checkpoint)
                .map(c -> c.running() ? "now" : Durations.show(c.nanosSince()))
                .orElse("-");
    }

    private void line(PrintStream out, Rates rates) {
        if (lines++ % HEADER_EVERY == 0) {
            out.printf(
                    LINE,
                    "reads/s",
                    "writes/s",
                    "flush/s",
                    "readB/s",
                    "writeB/s",
                    "r-p50",
                    "r-p99",
                    "w-p50",
                    "w-p99",
                    "cache",
                    "dirty",
                    "log",
                    "free",
                    "jobs");
        }
        ServerReadings now = rates.after();
        LatencyCounts reads = rates.times("read");
        LatencyCounts writes = rates.times("write");
        out.printf(
                LINE,
                count(rates.perSecond(reads.count())),
                count(rates.perSecond(writes.count())),
                count(rates.perSecond(rates.times("flush").count())),
                squeezed(bytes(rates.bytesRead())),
                squeezed(bytes(rates.bytesWritten())),
                squeezed(time(reads, 0.5)),
                squeezed(time(reads, 0.99)),
                squeezed(time(writes, 0.5)),
                squeezed(time(writes, 0.99)),
                hits(rates),
                squeezed(Sizes.show(now.usage().dirty())),
                squeezed(log(now)),
                squeezed(Sizes.show(now.usage().free())),
                now.jobs().size());
    }

    /** In a line each number is one word. */
    private static String squeezed(String text) {
        return text.replace(" ", "");
    }

    private void fill(PrintStream out, Rates rates) {
        ServerReadings now = rates.after();
        out.print(HOME_AND_CLEAR);
        out.println(stressed(BOLD, Names.printable(device.toString())) + "  "
                + now.doors()
                        .map(d -> d.nbd().counters().connections() + " of " + d.connectionsMax() + " connections")
                        .orElse("no clients can come")
                + (now.readOnly() ? "  read-only" : ""));
        if (now.failed()) {
            out.println(stressed(RED, "FAILED: takes no writes; mend the device, then 'holdfast resume'"));
        }
        out.println();
        Table table = new Table(true, "", ">/s", ">bytes/s", ">p50", ">p99");
        for (String operation : Rates.OPERATIONS) {
            LatencyCounts times = rates.times(operation);
            table.row(
                    operation,
                    count(rates.perSecond(times.count())),
                    switch (operation) {
                        case "read" -> bytes(rates.bytesRead());
                        case "write" -> bytes(rates.bytesWritten());
                        default -> "-";
                    },
                    time(times, 0.5),
                    time(times, 0.99));
        }
        table.print(out);
        out.println();
        out.println("free        " + Sizes.floor(now.usage().free()) + " of "
                + Sizes.show(now.usage().total()) + ", "
                + Sizes.show(now.usage().pending()) + " more after the next checkpoint");
        out.println("cache       "
                + now.metrics().map(m -> Sizes.show(m.cache().bytes())).orElse("-") + ", hits " + hits(rates));
        now.metrics().ifPresent(m -> {
            out.println("dirty       " + Sizes.show(m.cache().dirty()) + " of "
                    + Sizes.show(m.cache().dirtyMax()));
            out.println("log         " + Sizes.show(m.log().bytes()) + " of "
                    + Sizes.show(m.log().bytesMax()) + ", " + m.log().records() + " records");
        });
        out.println("checkpoint  " + checkpoint(now));
        out.println("jobs        "
                + (now.jobs().isEmpty()
                        ? "none"
                        : now.jobs().stream().map(TopView::job).collect(Collectors.joining("; "))));
    }

    private static String job(JobStatus job) {
        return Names.printable(job.kind().label() + ": " + job.subject()) + ", "
                + job.state().label() + (job.percent() < 0 ? "" : ", " + job.percent() + " %");
    }

    private String stressed(String how, String text) {
        return color ? how + text + PLAIN : text;
    }

    /** Returns all of it for programs. */
    static Map<String, Object> json(Rates rates) {
        ServerReadings now = rates.after();
        Map<String, Object> json = Json.object("seconds", rates.nanos() / 1e9, "failed", now.failed());
        for (String operation : Rates.OPERATIONS) {
            LatencyCounts times = rates.times(operation);
            json.put(
                    operation,
                    Json.object(
                            "count",
                            times.count(),
                            "per_second",
                            rates.perSecond(times.count()),
                            "p50_seconds",
                            times.quantile(0.5) / 1e9,
                            "p99_seconds",
                            times.quantile(0.99) / 1e9));
        }
        json.put("read_bytes_per_second", rates.bytesRead());
        json.put("written_bytes_per_second", rates.bytesWritten());
        json.put("cache_hit_ratio", Math.max(0, rates.cacheHits()));
        json.put(
                "connections",
                now.doors().map(d -> d.nbd().counters().connections()).orElse(0));
        json.put("total_bytes", now.usage().total());
        json.put("free_bytes", now.usage().free());
        json.put("dirty_bytes", now.usage().dirty());
        now.metrics().ifPresent(m -> {
            json.put("log_bytes", m.log().bytes());
            json.put("log_records", m.log().records());
            json.put("checkpoint_running", m.checkpoint().running());
            json.put("checkpoint_age_seconds", m.checkpoint().nanosSince() / 1e9);
        });
        json.put("jobs", now.jobs().stream().map(JobsCommand::json).toList());
        return json;
    }
}
