package io.holdfast.cli.control;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import org.jspecify.annotations.Nullable;

/** The connection to the server of a volume broke, or the server broke the protocol. */
public final class ServerLostException extends HoldfastException {
    ServerLostException(String message, @Nullable Throwable cause) {
        super(ErrorCode.CLOSED, message, cause);
    }
}
