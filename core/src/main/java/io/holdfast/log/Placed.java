package io.holdfast.log;

/** Learns the places of a batch's blocks before anyone else can see the end of the write. */
public interface Placed {
    /** {@code count} blocks of the batch, from its block {@code index} on, are at {@code block} and behind it. */
    void written(int index, long block, int count);
}
