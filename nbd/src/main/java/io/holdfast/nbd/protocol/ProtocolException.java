package io.holdfast.nbd.protocol;

import java.io.IOException;

/** The peer broke a rule in such a way that the rest of the byte stream cannot be parsed; the connection is dropped. */
public final class ProtocolException extends IOException {
    public ProtocolException(String message) {
        super(message);
    }
}
