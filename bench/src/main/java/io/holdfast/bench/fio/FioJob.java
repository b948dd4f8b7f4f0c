package io.holdfast.bench.fio;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One run of fio without its target: options by name. */
public record FioJob(Map<String, String> options) {
    public FioJob {
        options = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(options));
    }

    /** Starts with a pattern: {@code randwrite}, {@code read} … */
    public static FioJob of(String pattern, int blockBytes, int depth) {
        return new FioJob(Map.of())
                .with("rw", pattern)
                .with("bs", blockBytes)
                .with("iodepth", depth)
                .with("randrepeat", 0);
    }

    private FioJob with(String name, Object value) {
        Map<String, String> more = new LinkedHashMap<>(options);
        more.put(name, value.toString());
        return new FioJob(more);
    }

    /** Uses only this range. */
    public FioJob over(long offset, long length) {
        return with("offset", offset).with("size", length);
    }

    /** Runs for this time, however often it goes through its range. */
    public FioJob lasting(double seconds) {
        return within(seconds).with("time_based", 1).with("norandommap", 1);
    }

    /** Ends after this time even if work is left. */
    public FioJob within(double seconds) {
        return with("runtime", Math.round(seconds * 1000) + "ms");
    }

    /** Moves this many bytes altogether, at random with repetitions. */
    public FioJob moving(long bytes) {
        return with("io_size", bytes).with("norandommap", 1);
    }

    /** Takes the same places in the same order each time. fio 3.33 takes no other order for another seed. */
    public FioJob repeatable() {
        return with("randrepeat", 1);
    }

    /** Does the same on this many connections at once. */
    public FioJob onConnections(int count) {
        return with("numjobs", count).with("thread", 1);
    }

    /** Sets the percentage of reads, for patterns that read and write. */
    public FioJob reading(int percent) {
        return with("rwmixread", percent);
    }

    /**
     * Flushes after every write. Only for queue depth 1: at a higher one fio 3.33 sends flush after flush until the
     * first is answered. See {@link IoLog}.
     */
    public FioJob flushingEachWrite() {
        return with("fsync", 1);
    }

    /** Sends at most this many requests a second. */
    public FioJob limitedTo(long iops) {
        return with("rate_iops", iops);
    }

    /** Replays an I/O log. */
    public FioJob replaying(Path log) {
        return with("read_iolog", log).with("replay_no_stall", 1);
    }

    /** Returns the command line. */
    public List<String> command(FioTarget target) {
        List<String> command = new ArrayList<>(
                List.of("fio", "--name=bench", "--output-format=json", "--group_reporting", "--eta=never"));
        command.addAll(target.arguments());
        options.forEach((name, value) -> command.add("--" + name + "=" + value));
        return command;
    }
}
