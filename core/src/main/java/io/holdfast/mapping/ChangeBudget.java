package io.holdfast.mapping;

import java.util.concurrent.atomic.AtomicLong;

/** Counts the heap that changes since the last checkpoint take, over all files: running out of it is a reason for one. */
public final class ChangeBudget {
    private final AtomicLong bytes = new AtomicLong();

    public void add(long difference) {
        bytes.addAndGet(difference);
    }

    public long bytes() {
        return bytes.get();
    }
}
