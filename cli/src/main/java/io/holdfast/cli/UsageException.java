package io.holdfast.cli;

/** The command line is wrong; the message says what to write instead. */
public final class UsageException extends RuntimeException {
    public UsageException(String message) {
        super(message);
    }
}
