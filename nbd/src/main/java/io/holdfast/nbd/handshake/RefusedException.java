package io.holdfast.nbd.handshake;

import java.io.IOException;

/**
 * The server refused a client that sent EXPORT_NAME, an option without an error reply: the connection ends. It is
 * logged already.
 */
public final class RefusedException extends IOException {
    RefusedException(String message) {
        super(message);
    }
}
