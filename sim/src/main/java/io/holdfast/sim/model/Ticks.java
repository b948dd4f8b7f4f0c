package io.holdfast.sim.model;

/** Puts what happens in an order: every call gives the next number. */
public final class Ticks {
    private long last;

    public long next() {
        return ++last;
    }
}
