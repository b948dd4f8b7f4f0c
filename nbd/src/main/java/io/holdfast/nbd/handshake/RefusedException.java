package io.holdfast.nbd.handshake;

import java.io.IOException;

/** A client was refused, as the log has said, in answer to an option that has no other answer than the end. */
public final class RefusedException extends IOException {
    RefusedException(String message) {
        super(message);
    }
}
