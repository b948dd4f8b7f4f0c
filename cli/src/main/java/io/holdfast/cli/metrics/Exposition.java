package io.holdfast.cli.metrics;

import static io.holdfast.cli.metrics.MetricWriter.labels;

import io.holdfast.cli.ProductVersion;
import io.holdfast.nbd.NbdMetrics;
import io.holdfast.volume.HostSpace;
import io.holdfast.volume.JobStatus;
import io.holdfast.volume.VolumeCounters;
import io.holdfast.volume.VolumeMetrics;
import io.holdfast.volume.VolumeUsage;
import java.util.List;
import java.util.Optional;

/**
 * Writes what a server has counted as metrics. docs/MONITORING.md lists them.
 *
 * <p>Invariant: names of files are values of the label {@code export} alone, at most as many as {@link NbdMetrics} tells apart. They begin with
 * a slash there, so none is the same as {@value #OTHERS}.
 */
public final class Exposition {
    /** The content type of OpenMetrics. */
    public static final String OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /** The content type of the older format. */
    public static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

    private static final String OTHERS = "other";

    /** With names of 4096 bytes a scrape would take some 30 MiB of the heap. */
    private static final int LABEL_CHARS_MAX = 200;

    private final MetricWriter out;

    private Exposition(boolean open) {
        this.out = new MetricWriter(open);
    }

    /**
     * Returns the text.
     *
     * @param readings empty before the volume is open
     * @param process of the server
     * @param open OpenMetrics; else the older format
     */
    public static String of(Optional<ServerReadings> readings, ProcessReadings process, boolean open) {
        Exposition text = new Exposition(open);
        text.process(process);
        text.out.gauge(
                "holdfast_volume_open",
                "Whether the volume is open; 0 while it is being opened or recovered.",
                number(readings.isPresent()));
        readings.ifPresent(text::volume);
        return text.out.end();
    }

    private static int number(boolean flag) {
        return flag ? 1 : 0;
    }

    private void process(ProcessReadings p) {
        out.gauge("holdfast_build_info", "What runs; always 1.")
                .sample("holdfast_build_info", labels("version", ProductVersion.get(), "java", p.java()), 1);
        out.gauge("process_start_time_seconds", "When the server started, in seconds since 1970.", p.startSeconds());
        out.counter("process_cpu_seconds", "Processor time of the server.", p.cpuSeconds());
        out.gauge(
                "holdfast_heap_used_bytes", "Heap of the Java virtual machine in use, garbage included.", p.heapUsed());
        out.gauge("holdfast_heap_limit_bytes", "The most that the heap may become.", p.heapMax());
        out.counter("holdfast_gc_seconds", "Time that the garbage collector took.", p.gcSeconds());
        out.gauge(
                "holdfast_look_age_seconds",
                "How old the numbers below are: the server looks each second. Above some seconds it hangs.",
                p.lookAgeSeconds());
    }

    private void volume(ServerReadings r) {
        out.gauge("holdfast_volume_read_only", "Whether the volume is open read-only.", number(r.readOnly()));
        out.gauge(
                "holdfast_volume_failed",
                "Whether the volume takes no more writes since a write or flush failed: holdfast resume.",
                number(r.failed()));
        out.gauge(
                "holdfast_refused_flush_files",
                "Files whose flushes are refused since acknowledged writes were lost: holdfast resume --accept.",
                r.refusedFlushes());
        space(r.usage(), r.host());
        counters(r.counters());
        r.metrics().ifPresent(metrics -> metrics(metrics, r.doors()));
        jobs(r.jobs());
        r.lastCheck().ifPresent(check -> {
            out.gauge(
                    "holdfast_check_last_timestamp_seconds",
                    "When the last whole check ended, in seconds since 1970.",
                    check.finished().toEpochMilli() / 1e3);
            out.gauge("holdfast_check_last_problems", "How much the last whole check found damaged.", check.problems());
        });
        r.doors().ifPresent(this::doors);
    }

    private void space(VolumeUsage usage, Optional<HostSpace> host) {
        out.gauge("holdfast_volume_size_bytes", "All of the device that the volume uses.", usage.total());
        out.gauge("holdfast_volume_used_bytes", "In use by data and metadata.", usage.used());
        out.gauge("holdfast_volume_pending_bytes", "Dead, and free after the next checkpoint.", usage.pending());
        out.gauge("holdfast_volume_reserved_bytes", "Kept for accepted writes and metadata.", usage.reserved());
        out.gauge("holdfast_volume_free_bytes", "What new writes can take now.", usage.free());
        host.ifPresent(h -> {
            out.gauge("holdfast_host_size_bytes", "Size of the host's file system below the volume.", h.total());
            out.gauge("holdfast_host_free_bytes", "What of it ordinary users may take.", h.free());
            if (h.promised() >= 0) {
                out.gauge(
                        "holdfast_host_promised_bytes",
                        "What the volume has and its file has not taken from the host yet.",
                        h.promised());
            }
        });
    }

    private void counters(VolumeCounters c) {
        out.counter("holdfast_device_writes", "Write calls to the device.", c.deviceWrites());
        out.counter(
                "holdfast_device_written_bytes", "Written to the device, log and metadata included.", c.bytesWritten());
        out.counter("holdfast_device_read_bytes", "Read from the device.", c.bytesRead());
        out.counter("holdfast_log_appended_records", "Records appended to the log.", c.logRecords());
        out.counter("holdfast_cache_hits", "Blocks that were read from the page cache.", c.cacheHits());
        out.counter("holdfast_cache_misses", "Blocks that were read from the device or a hole.", c.cacheMisses());
        out.counter(
                "holdfast_checksum_errors", "Blocks of files that did not match their checksum.", c.checksumErrors());
        out.counter("holdfast_stable_copies", "Blocks of data that were copied for a write.", c.stableCopies());
        out.counter(
                "holdfast_zero_copy_blocks", "Blocks of data that were written without a copy.", c.zeroCopyBlocks());
    }

    private void metrics(VolumeMetrics m, Optional<ServerReadings.Doors> doors) {
        out.gauge(
                "holdfast_dirty_bytes",
                "Accepted, and not yet written back.",
                m.cache().dirty());
        out.gauge(
                "holdfast_dirty_limit_bytes",
                "From seven eighths of this on, writers wait.",
                m.cache().dirtyMax());
        out.gauge(
                "holdfast_log_bytes",
                "The log since the newest checkpoint: what a recovery would read.",
                m.log().bytes());
        out.gauge(
                "holdfast_log_limit_bytes",
                "Beyond this a checkpoint begins.",
                m.log().bytesMax());
        out.gauge(
                "holdfast_log_records",
                "Records of the log since the newest checkpoint.",
                m.log().records());
        out.gauge(
                "holdfast_log_records_limit",
                "Beyond this a checkpoint begins.",
                m.log().recordsMax());
        out.gauge(
                "holdfast_checkpoint_running",
                "Whether a checkpoint is being written.",
                number(m.checkpoint().running()));
        out.gauge(
                "holdfast_checkpoint_age_seconds",
                "Time since the newest checkpoint became durable, or the volume was opened.",
                m.checkpoint().nanosSince() / 1e9);
        out.histogram("holdfast_checkpoint_duration_seconds", "How long checkpoints took.")
                .times(
                        "holdfast_checkpoint_duration_seconds",
                        labels(),
                        m.checkpoint().times());
        out.gauge("holdfast_groups", "Groups of blocks.", m.groups().total());
        out.gauge(
                "holdfast_groups_loaded",
                "Groups whose bitmap is in memory.",
                m.groups().loaded());
        out.gauge(
                "holdfast_groups_closed",
                "Groups to which nothing is written since their bitmap cannot be read: holdfast check.",
                m.groups().closed());
        String errors = "holdfast_device_errors";
        out.counter(errors, "Calls to the device that failed; reads that are tried again count each time.")
                .count(errors, labels("operation", "read"), m.device().readErrors())
                .count(errors, labels("operation", "write"), m.device().writeErrors())
                .count(errors, labels("operation", "flush"), m.device().flushErrors());
        out.histogram("holdfast_device_flush_duration_seconds", "How long flushes of the device took.")
                .times(
                        "holdfast_device_flush_duration_seconds",
                        labels(),
                        m.device().flushTimes());
        String throttle = "holdfast_throttle_duration_seconds";
        out.histogram(
                        throttle,
                        "How long clients' calls waited for room in the log and for changes, or wrote back themselves.")
                .times(throttle, labels("cause", "changes"), m.throttling().changes())
                .times(throttle, labels("cause", "dirty"), m.throttling().dirty());
        String again = "holdfast_reread_blocks";
        out.counter(again, "Blocks that were bad and read a second time, by whether they were good then.")
                .count(again, labels("result", "good"), m.reading().healed())
                .count(again, labels("result", "bad"), m.reading().bad());
        out.counter(
                "holdfast_stale_mappings",
                "Blocks that were read again since a write had moved them meanwhile.",
                m.reading().staleMappings());
        out.counter(
                "holdfast_read_fallbacks",
                "Queued reads that did not succeed as such and were repeated by a thread.",
                m.reading().fallbacks());
        memory(m.memory(), doors);
    }

    private void memory(List<VolumeMetrics.MemoryUse> users, Optional<ServerReadings.Doors> doors) {
        String name = "holdfast_memory_bytes";
        out.gauge(name, "Memory of --memory in use, by what for.");
        users.forEach(use -> out.sample(name, labels("user", use.user()), use.bytes()));
        doors.ifPresent(d -> out.sample(name, labels("user", "payloads"), d.payloadBytes()));
        String limit = "holdfast_memory_limit_bytes";
        out.gauge(limit, "The most that each may take.");
        users.forEach(use -> out.sample(limit, labels("user", use.user()), use.bytesMax()));
        doors.ifPresent(d -> out.sample(limit, labels("user", "payloads"), d.payloadBytesMax()));
    }

    private void jobs(List<JobStatus> jobs) {
        String running = "holdfast_jobs";
        out.gauge(running, "Background jobs, by kind and state.");
        jobs.forEach(job -> out.sample(
                running, labels("kind", job.kind().label(), "state", job.state().label()), 1));
        String done = "holdfast_job_done_bytes";
        out.gauge(done, "How far each background job is.");
        jobs.forEach(job -> out.sample(done, labels("kind", job.kind().label()), job.doneBytes()));
        String size = "holdfast_job_size_bytes";
        out.gauge(size, "How much each background job has to do; 0 if that is not known.");
        jobs.forEach(job -> out.sample(size, labels("kind", job.kind().label()), job.totalBytes()));
        String moved = "holdfast_job_moved_bytes";
        out.gauge(moved, "What each background job has read and written so far.");
        jobs.forEach(job -> out.sample(moved, labels("kind", job.kind().label()), job.movedBytes()));
    }

    private void doors(ServerReadings.Doors doors) {
        NbdMetrics nbd = doors.nbd();
        out.gauge(
                "holdfast_nbd_connections",
                "NBD connections now.",
                nbd.counters().connections());
        out.gauge(
                "holdfast_nbd_connections_limit", "The most there may be: --max-connections.", doors.connectionsMax());
        out.counter(
                "holdfast_nbd_accepted_connections",
                "NBD connections that were accepted.",
                nbd.counters().connectionsAccepted());
        out.counter(
                "holdfast_nbd_refused_connections",
                "NBD connections that were refused since there were too many.",
                nbd.counters().connectionsRefused());
        String requests = "holdfast_nbd_requests";
        out.counter(requests, "Requests received, by export and operation.");
        forEach(
                nbd,
                (label, export) -> export.requests()
                        .forEach((operation, n) ->
                                out.count(requests, labels("export", label, "operation", operation), n)));
        String errors = "holdfast_nbd_request_errors";
        out.counter(errors, "Requests that were answered with an error.");
        forEach(nbd, (label, export) -> out.count(errors, labels("export", label), export.errors()));
        String read = "holdfast_nbd_read_bytes";
        out.counter(read, "Bytes that clients have read.");
        forEach(nbd, (label, export) -> out.count(read, labels("export", label), export.bytesRead()));
        String written = "holdfast_nbd_written_bytes";
        out.counter(written, "Bytes that clients have written.");
        forEach(nbd, (label, export) -> out.count(written, labels("export", label), export.bytesWritten()));
        String times = "holdfast_nbd_request_duration_seconds";
        out.histogram(times, "From a request's arrival until its last reply was sent.");
        nbd.operations()
                .forEach(operation -> out.times(times, labels("operation", operation.name()), operation.times()));
    }

    /** Writes something of an export. */
    private interface OfExport {
        void write(String label, NbdMetrics.Export export);
    }

    private static void forEach(NbdMetrics nbd, OfExport each) {
        int number = 0;
        for (NbdMetrics.Export export : nbd.exports()) {
            each.write(label(export.name(), number++), export);
        }
        each.write(OTHERS, nbd.others());
    }

    /** A name that is too long ends with the number of its export, and is longer than any that is not. */
    private static String label(String name, int number) {
        String path = "/" + name;
        if (path.length() <= LABEL_CHARS_MAX) {
            return path;
        }
        int end = Character.isHighSurrogate(path.charAt(LABEL_CHARS_MAX - 1)) ? LABEL_CHARS_MAX - 1 : LABEL_CHARS_MAX;
        return path.substring(0, end) + "… #" + number;
    }
}
