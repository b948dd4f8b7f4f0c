package io.holdfast.nbd.export;

import io.holdfast.nbd.protocol.OptionReply;

/** An export cannot be opened; carries the type of the reply for the client. */
public final class ExportException extends Exception {
    private final OptionReply reply;
    private final String details;

    public ExportException(OptionReply reply, String message) {
        this(reply, message, message);
    }

    /**
     * Says less to the client than to the log.
     *
     * @param details for the log alone
     */
    ExportException(OptionReply reply, String message, String details) {
        super(message);
        this.reply = reply;
        this.details = details;
    }

    public OptionReply reply() {
        return reply;
    }

    /** Returns why, for the log. */
    public String details() {
        return details;
    }

    /** Returns why, for the client. */
    public String text() {
        return String.valueOf(getMessage());
    }
}
