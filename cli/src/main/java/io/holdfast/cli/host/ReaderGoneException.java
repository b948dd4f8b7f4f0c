package io.holdfast.cli.host;

import java.io.IOException;

/** Whoever read standard output has left, as {@code head} does when it has enough. */
public final class ReaderGoneException extends IOException {
    ReaderGoneException(IOException cause) {
        super("whoever read standard output has left: " + cause.getMessage(), cause);
    }
}
