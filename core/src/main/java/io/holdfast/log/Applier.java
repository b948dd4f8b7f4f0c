package io.holdfast.log;

import io.holdfast.format.LogEntry;

/** Applies small changes in memory, in the order in which they are in the log. */
public interface Applier {
    void apply(LogEntry change);
}
