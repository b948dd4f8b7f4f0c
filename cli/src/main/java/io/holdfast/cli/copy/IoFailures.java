package io.holdfast.cli.copy;

import io.holdfast.error.HoldfastException;
import java.io.IOException;
import java.nio.file.FileSystemException;

/** Adds the name of the file to errors of reading and writing; the system's text has none. */
final class IoFailures {
    private IoFailures() {}

    static IOException named(String file, IOException failure) {
        if (failure instanceof FileSystemException || failure instanceof HoldfastException) {
            return failure;
        }
        String message = failure.getMessage();
        FileSystemException named = new FileSystemException(
                file, null, message == null ? failure.getClass().getSimpleName() : message);
        named.initCause(failure);
        return named;
    }
}
