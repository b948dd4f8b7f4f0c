package io.holdfast.nbd.transport;

import java.io.IOException;

/** A TLS handshake failed; the message has the reason in words. */
public final class TlsFailure extends IOException {
    TlsFailure(IOException cause) {
        super(reason(cause), cause);
    }

    /** Returns the failure and its root cause, such as a certificate that has expired. */
    private static String reason(Throwable failure) {
        Throwable deepest = failure;
        for (int i = 0; i < 10 && deepest.getCause() != null; i++) {
            deepest = deepest.getCause();
        }
        String first = text(failure);
        String last = text(deepest);
        return first.contains(last) ? first : first + " (" + last + ")";
    }

    private static String text(Throwable failure) {
        String message = failure.getMessage();
        return message == null ? failure.getClass().getSimpleName() : message;
    }
}
