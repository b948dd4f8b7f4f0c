package io.holdfast.engine;

import io.holdfast.error.HoldfastException;
import io.holdfast.volume.Volume;

/** Lets a test count what is free: what was removed is freed in the background, whenever its thread runs. */
public final class Settled {
    /** One to cut off, one to free what that left, and as many for a second level. */
    private static final int CHECKPOINTS = 4;

    private Settled() {}

    /** Frees all that was removed, truncated and punched. */
    public static void settle(Volume volume) throws HoldfastException {
        ((StoredVolume) volume).awaitReaped();
        for (int i = 0; i < CHECKPOINTS; i++) {
            volume.checkpoint();
        }
    }
}
