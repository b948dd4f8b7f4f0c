package io.holdfast.bench.profile;

import io.holdfast.bench.host.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The flight recorder of another process, through {@code jcmd}. */
final class FlightRecorder {
    /** Stacks deep enough for the whole path of a request, and samples often enough for a run of some seconds. */
    private static final String SETTINGS = """
            <?xml version="1.0" encoding="UTF-8"?>
            <configuration version="2.0" label="holdfast">
              <event name="jdk.CPUTimeSample"><setting name="enabled">true</setting><setting name="throttle">2ms</setting></event>
              <event name="jdk.ObjectAllocationSample"><setting name="enabled">true</setting><setting name="throttle">500/s</setting><setting name="stackTrace">true</setting></event>
              <event name="jdk.GCPhasePause"><setting name="enabled">true</setting><setting name="threshold">0 ms</setting></event>
              <event name="jdk.GarbageCollection"><setting name="enabled">true</setting></event>
            </configuration>
            """;

    private final long pid;
    private final Path settings;

    /** @param settings a file that {@link #writeSettings} wrote */
    FlightRecorder(long pid, Path settings) {
        this.pid = pid;
        this.settings = settings;
    }

    /** Writes the settings file, for a program that records itself. */
    static void writeSettings(Path file) throws IOException {
        Files.writeString(file, SETTINGS);
    }

    void start() throws IOException {
        jcmd("JFR.start", "name=holdfast", "settings=" + settings);
    }

    void stop(Path recording) throws IOException {
        jcmd("JFR.stop", "name=holdfast", "filename=" + recording);
    }

    private void jcmd(String... arguments) throws IOException {
        String java = System.getProperty("java.home");
        String output = Command.run(java + "/bin/jcmd", Long.toString(pid), String.join(" ", arguments));
        if (output.contains("Could not") || output.contains("Exception")) {
            throw new IOException("the flight recorder says: " + output.strip());
        }
    }
}
