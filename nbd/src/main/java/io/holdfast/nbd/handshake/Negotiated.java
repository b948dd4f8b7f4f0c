package io.holdfast.nbd.handshake;

import io.holdfast.nbd.export.Export;
import io.holdfast.nbd.protocol.ReplyFormat;

/**
 * What the handshake ended with. The receiver closes this: it has the export's file, and a place among its connections.
 *
 * @param blockStatus the client selected base:allocation for this export
 */
public record Negotiated(Export export, ReplyFormat format, boolean blockStatus) implements AutoCloseable {
    @Override
    public void close() {
        try {
            export.file().close();
        } finally {
            export.use().leave();
        }
    }
}
