package io.holdfast.nbd.protocol;

import java.io.IOException;

/** The peer broke a rule after which the byte stream cannot be trusted: the connection is dropped. */
public final class ProtocolException extends IOException {
    public ProtocolException(String message) {
        super(message);
    }
}
