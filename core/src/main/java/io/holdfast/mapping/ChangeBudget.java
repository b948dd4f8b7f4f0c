package io.holdfast.mapping;

import java.util.concurrent.atomic.AtomicLong;

/** Counts the heap of all files' changes since the last checkpoint; too much is a reason for a checkpoint. */
public final class ChangeBudget {
    private final AtomicLong bytes = new AtomicLong();

    public void add(long difference) {
        bytes.addAndGet(difference);
    }

    public long bytes() {
        return bytes.get();
    }
}
