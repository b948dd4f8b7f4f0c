package io.holdfast.bench.peer;

import io.holdfast.bench.fio.FioTarget;
import io.holdfast.bench.host.ServerProcess;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.util.Optional;

/**
 * A peer that is ready for clients.
 *
 * @param server empty if the client opens the file itself
 * @param volume Holdfast's volume, through the server's control socket
 */
public record Session(FioTarget target, Optional<ServerProcess> server, Optional<Volume> volume)
        implements AutoCloseable {
    static Session of(FioTarget target) {
        return new Session(target, Optional.empty(), Optional.empty());
    }

    static Session of(FioTarget target, ServerProcess server) {
        return new Session(target, Optional.of(server), Optional.empty());
    }

    public boolean isAlive() {
        return server.isEmpty() || server.get().isAlive();
    }

    @Override
    public void close() throws IOException {
        if (volume.isPresent()) {
            try {
                volume.get().close();
            } catch (HoldfastException e) {
                throw new IOException(e);
            }
        }
        if (server.isPresent()) {
            if (volume.isPresent()) {
                server.get().close();
            } else {
                server.get().endOrKill();
            }
        }
    }
}
