package io.holdfast.space;

/** A group whose bitmap is in memory; {@link GroupAllocator} changes it. */
final class LoadedGroup {
    final long number;
    final long[] busy;
    int end;
    int leased;
    long lastUse;

    LoadedGroup(long number, long[] busy, int end) {
        this.number = number;
        this.busy = busy;
        this.end = end;
    }

    /** Frees the blocks that the group gets when the volume grows. */
    void extend(int from, int to) {
        GroupBits.clear(busy, from, to);
        end = to;
    }

    boolean isBusy(int index) {
        return (busy[index >>> 6] & (1L << index)) != 0;
    }
}
