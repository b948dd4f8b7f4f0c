package io.holdfast.error;

/**
 * Says that a call with NOWAIT would have to wait. This is an answer, given thousands of times a second, rather than an
 * error, so it has no stack trace.
 */
public final class WouldBlockException extends HoldfastException {
    public WouldBlockException(String message) {
        super(ErrorCode.WOULD_BLOCK, message);
    }

    @Override
    public Throwable fillInStackTrace() {
        return this;
    }
}
