package io.holdfast.error;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * An error of the engine. The message is for the person at the terminal: it names the place (device, block, file,
 * offset) and, if there is one, the remedy.
 */
public class HoldfastException extends IOException {
    private final ErrorCode code;

    public HoldfastException(ErrorCode code, String message) {
        this(code, message, null);
    }

    public HoldfastException(ErrorCode code, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    public ErrorCode code() {
        return code;
    }
}
