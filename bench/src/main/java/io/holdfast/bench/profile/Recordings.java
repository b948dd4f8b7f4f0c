package io.holdfast.bench.profile;

import io.holdfast.bench.host.ThreadUsage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The flight recordings of a scenario, with each thread's share of the processors. One thread uses it. */
public final class Recordings {
    private static final double THREAD_SHARE_LEAST = 0.01;

    private final Path folder;
    private final String scenario;
    private final List<Made> made = new ArrayList<>();

    /**
     * A recording.
     *
     * @param label what it shows, if a scenario has several recordings
     * @param remarks for the reader, as lines
     */
    public record Made(String label, Path file, String remarks) {}

    /** Work to record. */
    @FunctionalInterface
    public interface Work {
        void run() throws IOException;
    }

    public Recordings(Path folder, String scenario) {
        this.folder = folder.toAbsolutePath();
        this.scenario = scenario;
    }

    /** Records a running process during {@code work}. */
    public void record(String label, long pid, Work work) throws IOException {
        Path file = file(label);
        Files.deleteIfExists(file);
        FlightRecorder recorder = new FlightRecorder(pid, settings());
        recorder.start();
        String remarks;
        try (ThreadUsage threads = new ThreadUsage(pid)) {
            long began = System.nanoTime();
            work.run();
            remarks = remarks(threads.used(), (System.nanoTime() - began) / 1e9);
        }
        recorder.stop(file);
        made.add(new Made(label, file, remarks));
    }

    /**
     * Returns options for a virtual machine that records itself from start to end. It must end before the recording is
     * read.
     */
    public List<String> fromStart(String label) throws IOException {
        Path file = file(label);
        Files.deleteIfExists(file);
        made.add(new Made(label, file, ""));
        return List.of("-XX:StartFlightRecording=settings=%s,filename=%s,dumponexit=true".formatted(settings(), file));
    }

    /** Adds a recording that a program has made of itself, in {@link #file} of the same label. */
    public void add(String label) {
        made.add(new Made(label, file(label), ""));
    }

    public Path file(String label) {
        return folder.resolve(stem(label) + ".jfr");
    }

    /** Returns the path of the page about a recording. */
    public Path page(Made recording) {
        return folder.resolve(stem(recording.label()) + ".html");
    }

    private String stem(String label) {
        return label.isEmpty() ? scenario : scenario + "-" + label;
    }

    /** Returns the file with the recorder's settings. */
    public Path settings() throws IOException {
        Files.createDirectories(folder);
        Path file = folder.resolve("settings.jfc");
        FlightRecorder.writeSettings(file);
        return file;
    }

    public List<Made> made() {
        return List.copyOf(made);
    }

    private static String remarks(Map<String, ThreadUsage.Times> used, double seconds) {
        double all = used.values().stream()
                .mapToLong(ThreadUsage.Times::runningNanos)
                .sum();
        StringBuilder out = new StringBuilder("processors in use by the server: %.2f; by thread, and waiting for one:%n"
                .formatted(all / 1e9 / seconds));
        used.entrySet().stream()
                .filter(thread -> thread.getValue().runningNanos() / 1e9 / seconds >= THREAD_SHARE_LEAST)
                .sorted((a, b) ->
                        Long.compare(b.getValue().runningNanos(), a.getValue().runningNanos()))
                .forEach(thread -> out.append("  %5.2f  %5.2f  %s%n"
                        .formatted(
                                thread.getValue().runningNanos() / 1e9 / seconds,
                                thread.getValue().readyNanos() / 1e9 / seconds,
                                thread.getKey())));
        return out.toString();
    }
}
