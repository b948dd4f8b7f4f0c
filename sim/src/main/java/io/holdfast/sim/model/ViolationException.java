package io.holdfast.sim.model;

/** The engine did something that it promises not to do. */
public final class ViolationException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public ViolationException(String message) {
        super(message);
    }

    public ViolationException(String message, Throwable cause) {
        super(message, cause);
    }
}
