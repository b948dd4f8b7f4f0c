package io.holdfast.error;

/**
 * Says that a call with NOWAIT would have to wait. It is an answer more than an error, given thousands of times a second,
 * and so has no stack trace.
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
