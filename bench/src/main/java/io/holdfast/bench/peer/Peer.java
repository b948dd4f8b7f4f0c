package io.holdfast.bench.peer;

import java.io.IOException;

/** Something that serves a disk, or a disk itself. */
interface Peer {
    /** Starts the server on the image and returns when clients can connect. */
    Session start(Image image) throws IOException;
}
