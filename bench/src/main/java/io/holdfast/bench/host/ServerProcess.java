package io.holdfast.bench.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A server that was started for a measurement. Its output goes to a file. */
public final class ServerProcess implements AutoCloseable {
    private static final double START_SECONDS_MAX = 60;
    private static final double POLL_SECONDS = 0.002;
    /** Holdfast gives itself 60 s for the flush and the last checkpoint. */
    private static final long END_SECONDS_MAX = 90;
    /**
     * The time that a peer gets to end: now and then the qemu-nbd of QEMU 7.2 does not end at all. Everything was
     * flushed before.
     */
    private static final long PEER_END_SECONDS_MAX = 2;

    private final Process process;
    private final Path output;
    private final long started;

    private ServerProcess(Process process, Path output, long started) {
        this.process = process;
        this.output = output;
        this.started = started;
    }

    public static ServerProcess start(
            CleanUp cleanUp, Path output, Map<String, String> environment, List<String> command) throws IOException {
        CleanUp.checkGoingOn();
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        builder.environment().putAll(environment);
        long started = System.nanoTime();
        Process process = builder.start();
        cleanUp.later("end process " + process.pid(), () -> Command.end(process));
        try {
            // The clean-up may have begun before this process was registered.
            CleanUp.checkGoingOn();
        } catch (IOException e) {
            Command.end(process);
            throw e;
        }
        return new ServerProcess(process, output, started);
    }

    public long pid() {
        return process.pid();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** Waits until a file, such as a socket, exists; returns the seconds since the start. */
    public double awaitFile(Path file) throws IOException {
        return await(() -> Files.exists(file), "made no " + file.getFileName());
    }

    /** Waits for a line of output with this beginning; returns the seconds since the start. */
    public double awaitLine(String beginning) throws IOException {
        return await(
                () -> Files.readString(output).lines().anyMatch(l -> l.startsWith(beginning)),
                "did not say " + beginning);
    }

    public String output() throws IOException {
        return Files.readString(output);
    }

    @FunctionalInterface
    private interface Condition {
        boolean holds() throws IOException;
    }

    private double await(Condition condition, String complaint) throws IOException {
        while (!condition.holds()) {
            if (!process.isAlive() || secondsSinceStart() > START_SECONDS_MAX) {
                throw new IOException("the server %s: %s".formatted(complaint, output().strip()));
            }
            Pause.seconds(POLL_SECONDS);
        }
        return secondsSinceStart();
    }

    private double secondsSinceStart() {
        return (System.nanoTime() - started) / 1e9;
    }

    /** SIGKILL. */
    public void kill() throws IOException {
        process.destroyForcibly();
        awaitEnd();
    }

    /** SIGTERM, and SIGKILL if that does not help soon: for servers that have nothing left to write. */
    public void endOrKill() throws IOException {
        process.destroy();
        try {
            if (!process.waitFor(PEER_END_SECONDS_MAX, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        awaitEnd();
    }

    /** SIGTERM, and waits. */
    @Override
    public void close() throws IOException {
        process.destroy();
        awaitEnd();
    }

    private void awaitEnd() throws IOException {
        try {
            if (!process.waitFor(END_SECONDS_MAX, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("process %d did not end within %d s and was killed: %s"
                        .formatted(process.pid(), END_SECONDS_MAX, output().strip()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }
}
