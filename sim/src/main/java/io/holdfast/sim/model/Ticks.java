package io.holdfast.sim.model;

/** Orders events: every call returns the next number. */
public final class Ticks {
    private long last;

    public long next() {
        return ++last;
    }
}
