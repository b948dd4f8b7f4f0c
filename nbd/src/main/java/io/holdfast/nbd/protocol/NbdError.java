package io.holdfast.nbd.protocol;

import io.holdfast.error.HoldfastException;

/** The error values of replies (section «Error values»). */
public enum NbdError {
    EPERM(1),
    EIO(5),
    ENOMEM(12),
    EINVAL(22),
    ENOSPC(28),
    EOVERFLOW(75),
    ENOTSUP(95),
    ESHUTDOWN(108);

    private final int code;

    NbdError(int code) {
        this.code = code;
    }

    public int code() {
        return code;
    }

    /** Returns the error value for an error of the engine. A file that would grow too large is ENOSPC. */
    public static NbdError of(HoldfastException e) {
        return switch (e.code()) {
            case NO_SPACE, HOST_FULL, FILE_TOO_LARGE, BEYOND_END -> ENOSPC;
            case READ_ONLY -> EPERM;
            case NO_MEMORY -> ENOMEM;
            case INVALID -> EINVAL;
            case UNSUPPORTED -> ENOTSUP;
            case CLOSED -> ESHUTDOWN;
            case WOULD_BLOCK,
                    FAILED,
                    DEVICE_ERROR,
                    CHECKSUM_MISMATCH,
                    DAMAGED,
                    NOT_A_VOLUME,
                    NOT_EMPTY_DEVICE,
                    HELD,
                    IN_USE,
                    CANCELLED,
                    NOT_FOUND,
                    STALE,
                    EXISTS,
                    NOT_A_DIRECTORY,
                    IS_A_DIRECTORY,
                    DIRECTORY_NOT_EMPTY,
                    NAME_TOO_LONG,
                    TOO_MANY_LINKS,
                    TOO_MANY_SYMLINKS,
                    NO_ATTRIBUTE -> EIO;
        };
    }
}
