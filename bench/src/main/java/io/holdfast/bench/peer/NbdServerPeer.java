package io.holdfast.bench.peer;

import io.holdfast.bench.fio.FioTarget;
import io.holdfast.bench.host.CleanUp;
import io.holdfast.bench.host.Scratch;
import io.holdfast.bench.host.ServerProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** An NBD server that makes its socket when it is ready. */
record NbdServerPeer(String name, Scratch scratch, CleanUp cleanUp, CommandLine commandLine) implements Peer {
    /** Says how to serve an image at a socket. */
    @FunctionalInterface
    interface CommandLine {
        List<String> of(Path socket, Path image);
    }

    @Override
    public Session start(Image image) throws IOException {
        Path socket = scratch.socket(name);
        Files.deleteIfExists(socket);
        ServerProcess server = ServerProcess.start(
                cleanUp, scratch.file(name + ".log"), Map.of(), commandLine.of(socket, image.path()));
        server.awaitFile(socket);
        return Session.of(new FioTarget.Nbd(socket, ""), server);
    }
}
