package io.holdfast.volume;

import io.holdfast.error.HoldfastException;

/**
 * Hears of the errors that a volume's device or its contents cause: every {@code CHECKSUM_MISMATCH}, {@code DAMAGED}
 * and {@code DEVICE_ERROR} that any call throws. The error of a failed write or flush is {@code FAILED} and not among
 * them; {@link Volume#failure} returns it.
 */
@FunctionalInterface
public interface ErrorListener {
    /** Ignores all errors. */
    ErrorListener NONE = e -> {};

    /** Takes an error. The thread that met it calls this while calls run: it must not block, nor call the volume. */
    void met(HoldfastException error);

    /** Passes an error to {@link #met} if it is one of the above, and returns it. */
    default HoldfastException tell(HoldfastException error) {
        switch (error.code()) {
            case CHECKSUM_MISMATCH, DAMAGED, DEVICE_ERROR -> met(error);
            default -> {
                // Only the caller can do something about it.
            }
        }
        return error;
    }
}
