package io.holdfast.repair;

import io.holdfast.check.Fault;

/** The plan for one kind of damage. */
interface Part {
    /** Adds a line for each repair. */
    void describe(Lines lines);

    /** Returns whether it mends what a finding is about. */
    boolean mends(Fault fault);
}
