package io.holdfast.linux;

import java.io.IOException;

/** A system call failed, or an operation of a ring; the message is the system's own text. */
final class SystemCallException extends IOException {
    private final int errno;

    SystemCallException(int errno, String text) {
        super("%s (error %d)".formatted(text, errno));
        this.errno = errno;
    }

    /** Returns the number of the error, as in {@code asm-generic/errno.h}. */
    int errno() {
        return errno;
    }
}
