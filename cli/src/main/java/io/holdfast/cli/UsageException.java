package io.holdfast.cli;

/** The command line asks for something that makes no sense; the message says what to write in its place. */
public final class UsageException extends RuntimeException {
    public UsageException(String message) {
        super(message);
    }
}
