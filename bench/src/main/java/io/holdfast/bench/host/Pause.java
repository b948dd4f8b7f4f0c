package io.holdfast.bench.host;

import java.io.IOException;

/** Waits; an interrupt ends the measurement. */
public final class Pause {
    private Pause() {}

    public static void seconds(double seconds) throws IOException {
        try {
            Thread.sleep((long) (seconds * 1000));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }
}
