package io.holdfast.cli;

import io.holdfast.error.ErrorCode;

/** How the command ends. The numbers are a promise to scripts; docs/COMMANDS.md lists them. */
public enum ExitCode {
    OK(0, "done"),
    FAILURE(1, "the operation failed, or check found damage"),
    USAGE(2, "wrong use: an option or argument is missing, unknown or out of range"),
    HELD(3, "another process holds the volume, and no server of it answers"),
    NO_SPACE(4, "the volume has no space left"),
    NOT_FOUND(5, "no such file, directory or volume"),
    EXISTS(6, "something is there already and was not overwritten"),
    DAMAGED(7, "data or structures do not match their checksums"),
    NOT_A_VOLUME(8, "the device holds no Holdfast volume"),
    UNSUPPORTED(9, "the volume needs a newer version, or the machine lacks something"),
    READ_ONLY(10, "the volume is open read-only"),
    WRONG_KIND(11, "a directory where a file is needed or the reverse, or a directory that is not empty"),
    SERVER_LOST(12, "the connection to the server of the volume broke or made no sense"),
    IN_USE(13, "a client or another command has the file open, or a check runs already; nothing was changed"),
    INTERRUPTED(130, "interrupted by a signal, or a check by 'holdfast jobs', after cleaning up"),
    READER_GONE(141, "the reader of standard output left before its end, as 'head' does");

    private final int status;
    private final String meaning;

    ExitCode(int status, String meaning) {
        this.status = status;
        this.meaning = meaning;
    }

    public int status() {
        return status;
    }

    public String meaning() {
        return meaning;
    }

    /** Returns the exit code for an error of the engine. */
    public static ExitCode of(ErrorCode code) {
        return switch (code) {
            case NO_SPACE, HOST_FULL -> NO_SPACE;
            case READ_ONLY -> READ_ONLY;
            case CHECKSUM_MISMATCH, DAMAGED -> DAMAGED;
            case NOT_A_VOLUME -> NOT_A_VOLUME;
            case NOT_EMPTY_DEVICE, EXISTS -> EXISTS;
            case HELD -> HELD;
            case IN_USE -> IN_USE;
            case CANCELLED -> INTERRUPTED;
            case UNSUPPORTED -> UNSUPPORTED;
            case NOT_FOUND, STALE, NO_ATTRIBUTE -> NOT_FOUND;
            case NOT_A_DIRECTORY, IS_A_DIRECTORY, DIRECTORY_NOT_EMPTY -> WRONG_KIND;
            case INVALID, NAME_TOO_LONG, FILE_TOO_LARGE -> USAGE;
            case WOULD_BLOCK, FAILED, DEVICE_ERROR, TOO_MANY_LINKS, TOO_MANY_SYMLINKS, NO_MEMORY, BEYOND_END, CLOSED ->
                FAILURE;
        };
    }
}
