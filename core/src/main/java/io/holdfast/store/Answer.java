package io.holdfast.store;

import io.holdfast.error.HoldfastException;
import org.jspecify.annotations.Nullable;

/** The result of a read: which blocks are good, and why others are bad. The memory of a bad block is undefined. */
public final class Answer {
    static final Answer GOOD = new Answer(new Fault[0]);

    /** A bad block. */
    record Fault(int index, @Nullable HoldfastException error) {}

    private final Fault[] faults;

    Answer(Fault[] faults) {
        this.faults = faults;
    }

    /** Returns whether every block is good. */
    public boolean isGood() {
        return faults.length == 0;
    }

    /** Returns the index of the first bad block from {@code from} on, or -1. */
    public int nextBad(int from) {
        for (Fault fault : faults) {
            if (fault.index >= from) {
                return fault.index;
            }
        }
        return -1;
    }

    /** Returns whether one block is good. */
    public boolean isGood(int index) {
        return nextBad(index) != index;
    }

    /** Returns the device's error that kept a block from being read; null if it was read. */
    public @Nullable HoldfastException error(int index) {
        for (Fault fault : faults) {
            if (fault.index == index) {
                return fault.error;
            }
        }
        return null;
    }
}
