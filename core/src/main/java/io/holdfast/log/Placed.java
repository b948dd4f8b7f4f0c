package io.holdfast.log;

/** Is told where the blocks of a batch are, before anyone else can see the end of the write. */
public interface Placed {
    /** {@code count} blocks of the batch, from its block {@code index} on, are at {@code block} and behind it. */
    void written(int index, long block, int count);
}
