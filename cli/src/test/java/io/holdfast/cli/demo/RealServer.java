package io.holdfast.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.CliContext;
import io.holdfast.cli.Engine;
import io.holdfast.cli.Main;
import io.holdfast.cli.access.VolumeAccess;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * A volume of the real engine, served by {@code holdfast serve} in a process of its own, which tests may kill.
 *
 * <p>Invariant: at most one process serves the volume, and none is left when this is closed.
 */
public final class RealServer implements AutoCloseable {
    private static final long LOOK_NANOS = 20_000_000;

    private final Path folder;
    private final Path volume;
    private final Path socket;
    private final InProcess command = new InProcess(new CliContext(
            Engine.HOLDFAST, InputStream.nullInputStream(), System.out, System.err, () -> false, Cancellation.none()));
    private Optional<Child> child = Optional.empty();

    /**
     * Formats a volume in the folder.
     *
     * @param options more options of {@code format}
     */
    public RealServer(Path folder, String size, String... options) throws IOException {
        this(folder, folder.resolve("volume.holdfast"), size, options);
    }

    /** Formats a volume at a path. Its server has its socket, and writes its log, in the folder. */
    public RealServer(Path folder, Path volume, String size, String... options) throws IOException {
        this.folder = folder;
        this.volume = volume;
        this.socket = folder.resolve("nbd");
        List<String> format = new ArrayList<>(List.of("format", "VOLUME", "--size", size));
        format.addAll(List.of(options));
        run(format.toArray(String[]::new));
    }

    public Path volume() {
        return volume;
    }

    /** Returns where the server listens. */
    public Path socket() {
        return socket;
    }

    /** Returns the URI of a file, whose path begins with a slash. */
    public String uri(String path) {
        return "nbd+unix://" + path + "?socket=" + socket;
    }

    /**
     * Runs {@code holdfast ARGS --json} and returns what it reports; {@code VOLUME} stands for the volume.
     *
     * @throws IOException if it ends with another status than 0
     */
    public JsonNode run(String... args) throws IOException {
        return command.run(Stream.of(args)
                .map(a -> a.equals("VOLUME") ? volume.toString() : a)
                .toArray(String[]::new));
    }

    /** Returns the names in a directory. */
    public List<String> list(String directory) throws IOException {
        try (Volume open = new VolumeAccess(Engine.HOLDFAST, Cancellation.none()).open(volume, OpenOptions.reading())) {
            return open.list(directory, "", 1000).stream()
                    .map(DirectoryEntry::name)
                    .toList();
        }
    }

    /** Serves the volume. Returns, once clients can connect, the server's report on its recovery. */
    public JsonNode start(String... options) throws IOException {
        Child server = begin(options);
        JsonNode opened = server.await("opened");
        server.await("ready");
        return opened;
    }

    /** Serves the volume with classes from {@code classPath}. Returns once clients can connect. */
    public void startFrom(String classPath) throws IOException {
        begin(classPath, new String[0]).await("ready");
    }

    /**
     * Serves the volume with these flags for the Java virtual machine. Returns once clients can connect.
     *
     * @param options must have {@code --memory}
     */
    public void startWith(List<String> flags, String... options) throws IOException {
        close();
        List<String> args = arguments(options);
        Child server = Child.start(folder, flags, System.getProperty("java.class.path"), args.toArray(String[]::new));
        child = Optional.of(server);
        server.await("ready");
    }

    /** Waits until the server ends by itself; returns the exit status. */
    public int awaitEnd() throws IOException {
        return child.orElseThrow().awaitEnd();
    }

    /** Starts the server and does not wait for it. */
    Child begin(String... options) throws IOException {
        return begin(System.getProperty("java.class.path"), options);
    }

    private Child begin(String classPath, String[] options) throws IOException {
        close();
        List<String> args = arguments(options);
        args.addAll(List.of("--memory", "256M"));
        Child server = Child.start(folder, classPath, args.toArray(String[]::new));
        child = Optional.of(server);
        return server;
    }

    private List<String> arguments(String... options) {
        List<String> args = new ArrayList<>(List.of("serve", volume.toString(), "--nbd", "unix:" + socket));
        args.addAll(List.of(options));
        return args;
    }

    /** Starts {@code holdfast COMMAND VOLUME OPTIONS} in a process of its own, which the caller ends. */
    public Process spawn(String name, String... options) throws IOException {
        List<String> line = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xmx64m",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                name,
                volume.toString()));
        line.addAll(List.of(options));
        return new ProcessBuilder(line)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    /** Checks the whole volume, through the server if it runs. */
    public void assertClean() throws IOException {
        JsonNode report = run("check", "VOLUME");
        assertThat(report.path("clean").asBoolean()).as(report.toString()).isTrue();
    }

    /** Returns the process id of the server. */
    public long pid() {
        return child.orElseThrow().pid();
    }

    /** Returns what the server has logged. */
    public String log() throws IOException {
        return child.orElseThrow().errors();
    }

    /** Waits until the server has logged something in which a pattern is found. */
    public void awaitLog(String pattern) throws IOException {
        Pattern wanted = Pattern.compile(pattern);
        while (!wanted.matcher(log()).find()) {
            if (!child.orElseThrow().isAlive()) {
                throw new AssertionError("the server ended without a line of " + pattern + ":\n" + log());
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }

    /** Returns whether the server was ever started. */
    public boolean wasStarted() {
        return child.isPresent();
    }

    /** SIGKILL. */
    public void kill() throws IOException {
        child.orElseThrow().kill();
    }

    /** SIGTERM; returns the exit status. */
    public int stop() throws IOException {
        return child.orElseThrow().terminate();
    }

    @Override
    public void close() {
        child.ifPresent(Child::close);
    }
}
