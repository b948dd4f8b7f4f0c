package io.holdfast.volume;

import io.holdfast.error.HoldfastException;

/**
 * Is told of the errors that a volume's device or its contents cause, whoever met them: {@code CHECKSUM_MISMATCH}, {@code
 * DAMAGED} and {@code DEVICE_ERROR} that a call throws. A failed write or flush is told once, {@link Volume#failure}.
 */
@FunctionalInterface
public interface ErrorListener {
    /** Tells nobody. */
    ErrorListener NONE = e -> {};

    /** Called by the thread that met it, while calls run: must not block, nor call the volume. */
    void met(HoldfastException error);

    /** Tells of an error that is one to be told of, and returns it. */
    default HoldfastException tell(HoldfastException error) {
        switch (error.code()) {
            case CHECKSUM_MISMATCH, DAMAGED, DEVICE_ERROR -> met(error);
            default -> {
                // The caller's affair.
            }
        }
        return error;
    }
}
