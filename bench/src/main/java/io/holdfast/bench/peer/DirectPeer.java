package io.holdfast.bench.peer;

import io.holdfast.bench.fio.FioTarget;
import java.io.IOException;

/** No server: the client opens the file, with O_DIRECT. */
record DirectPeer(String engine) implements Peer {
    @Override
    public Session start(Image image) throws IOException {
        return Session.of(new FioTarget.Direct(image.path(), engine));
    }
}
