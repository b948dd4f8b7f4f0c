package io.holdfast.sim.model;

/** The engine has broken a promise. */
public final class ViolationException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public ViolationException(String message) {
        super(message);
    }

    public ViolationException(String message, Throwable cause) {
        super(message, cause);
    }
}
