package io.holdfast.cli.fake;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.CliContext;
import io.holdfast.cli.HoldfastCli;
import io.holdfast.cli.control.ControlPath;
import io.holdfast.cli.control.ControlServer;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Volume;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A folder with a volume, on which tests run commands as a user would, with the volume served or not. */
public final class Household implements AutoCloseable {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    public final FakeEngine engine = new FakeEngine();
    public final Path folder;
    public final Path volume;
    private byte[] input = {};
    private boolean terminal;
    private Cancellation cancel = Cancellation.none();
    private Optional<Volume> served = Optional.empty();
    private Optional<ControlServer> server = Optional.empty();

    public Household(Path folder) {
        this.folder = folder;
        this.volume = folder.resolve("v.holdfast");
    }

    /** The exit status and the output of a command. */
    public record Result(int status, byte[] bytes, String err) {
        public String out() {
            return new String(bytes, StandardCharsets.UTF_8);
        }

        /** Parses the last line of the output. */
        public JsonNode json() {
            String[] lines = out().strip().split("\n");
            return MAPPER.readTree(lines[lines.length - 1]);
        }
    }

    /** Formats the volume. */
    public Household formatted() {
        run("format", volume.toString(), "--size", "64M");
        return this;
    }

    /** Holds the volume and serves it at its control socket, as {@code serve} does. */
    public Household serve() throws IOException {
        return serve(OpenOptions.readWrite());
    }

    public Household serve(OpenOptions options) throws IOException {
        Volume held = engine.open(volume, options);
        served = Optional.of(held);
        server = Optional.of(ControlServer.start(held, ControlPath.of(volume)));
        return this;
    }

    /** Holds the volume without serving it, as another command does. */
    public Volume hold() throws IOException {
        return engine.open(volume, OpenOptions.readWrite());
    }

    public FakeVolume fake() {
        return engine.volume(volume);
    }

    public Path controlSocket() {
        return server.orElseThrow().path();
    }

    public Household withInput(byte[] bytes) {
        input = bytes;
        return this;
    }

    public Household withTerminal() {
        terminal = true;
        return this;
    }

    public Household withCancellation(Cancellation cancellation) {
        cancel = cancellation;
        return this;
    }

    /** Runs a command; {@code VOLUME} stands for the volume. */
    public Result run(String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        String[] line = args.clone();
        for (int i = 0; i < line.length; i++) {
            line[i] = line[i].equals("VOLUME") ? volume.toString() : line[i];
        }
        CliContext context = new CliContext(
                engine,
                new ByteArrayInputStream(input),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                () -> terminal,
                cancel);
        int status = new HoldfastCli(context).run(line);
        return new Result(status, out.toByteArray(), err.toString(StandardCharsets.UTF_8));
    }

    @Override
    public void close() throws IOException {
        if (server.isPresent()) {
            server.get().close();
            served.orElseThrow().close();
        }
    }
}
