package io.holdfast.nbd;

import io.holdfast.volume.Volume;

/** Where every test of this module gets its volume from. */
public final class TestVolumes {
    private TestVolumes() {}

    /** Returns an empty volume. */
    public static Volume open() {
        return new FakeVolume();
    }
}
