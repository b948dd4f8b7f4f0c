package io.holdfast.bench.peer;

import io.holdfast.bench.fio.FioTarget;
import io.holdfast.bench.host.CleanUp;
import io.holdfast.bench.host.Command;
import io.holdfast.bench.host.Scratch;
import io.holdfast.bench.host.ServerProcess;
import io.holdfast.cli.control.ControlPath;
import io.holdfast.cli.control.RemoteVolume;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Holdfast, started by its command as a user starts it.
 *
 * @param root the folder with the script {@code holdfast}
 * @param memoryBytes for {@code --memory}
 * @param javaOptions more flags for the server's virtual machine
 */
public record HoldfastServer(
        String name, Path root, Scratch scratch, CleanUp cleanUp, long memoryBytes, List<String> javaOptions) {
    /** The file that {@link #format} makes. */
    public static final String FILE = "disk";

    public HoldfastServer withMemory(long bytes) {
        return new HoldfastServer(name, root, scratch, cleanUp, bytes, javaOptions);
    }

    public HoldfastServer withJavaOptions(List<String> options) {
        return new HoldfastServer(name, root, scratch, cleanUp, memoryBytes, options);
    }

    public HoldfastServer named(String other) {
        return new HoldfastServer(other, root, scratch, cleanUp, memoryBytes, javaOptions);
    }

    /** A server and how long it took until clients could connect. */
    public record Started(Session session, double seconds) {}

    /** Makes a volume that fills an existing file, with one file in it. */
    public void format(Path volume, long fileBytes) throws IOException {
        Command.run(command("format", volume.toString(), "--size", Long.toString(fileSize(volume)), "--force"));
        Command.run(command("create", volume.toString(), "/" + FILE, "--size", Long.toString(fileBytes)));
    }

    private static long fileSize(Path file) throws IOException {
        return java.nio.file.Files.size(file);
    }

    public Started start(Path volume) throws IOException {
        Path socket = scratch.socket(name);
        ServerProcess server = ServerProcess.start(
                cleanUp,
                scratch.file(name + ".log"),
                Map.of("HOLDFAST_JAVA_OPTS", String.join(" ", javaOptions)),
                command("serve", volume.toString(), "--nbd", "unix:" + socket, "--memory", Long.toString(memoryBytes)));
        double seconds = server.awaitLine("ready");
        Optional<RemoteVolume> control = RemoteVolume.connect(ControlPath.of(volume));
        if (control.isEmpty()) {
            throw new IOException("the control socket of " + volume + " does not answer");
        }
        return new Started(
                new Session(new FioTarget.Nbd(socket, FILE), Optional.of(server), control.map(Volume.class::cast)),
                seconds);
    }

    public List<String> command(String... arguments) {
        List<String> command = new ArrayList<>(List.of(root.resolve("holdfast").toString()));
        command.addAll(List.of(arguments));
        return command;
    }
}
