package io.holdfast.nbd.export;

import io.holdfast.nbd.protocol.OptionReply;

/** An export cannot be opened; carries the type of the reply for the client. */
public final class ExportException extends Exception {
    private final OptionReply reply;

    public ExportException(OptionReply reply, String message) {
        super(message);
        this.reply = reply;
    }

    public OptionReply reply() {
        return reply;
    }

    public String text() {
        return String.valueOf(getMessage());
    }
}
