package io.holdfast.space;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Layout;

/** The allocated blocks of each group as of the last checkpoint. Thread-safe; {@link #read} may wait for the device. */
public interface Bitmaps {
    /** Returns the name of the volume for messages. */
    default String name() {
        return "the volume";
    }

    /** Returns how many blocks of a group are free. */
    int free(long group);

    /** Returns a number that changes whenever a group's bitmap does. */
    long version(long group);

    /**
     * Returns a bit for each block of a group, set if the block is allocated; the caller may change the array. A bitmap
     * that a checkpoint overwrites meanwhile is damaged or old: {@link #version} tells.
     *
     * @throws HoldfastException {@code DAMAGED} or {@code DEVICE_ERROR}
     */
    long[] read(long group) throws HoldfastException;

    /**
     * Asks the device for room for the bitmap of a group and for what is above it, so that a checkpoint need not wait for
     * it. Called before a block of the group is allocated.
     *
     * @throws HoldfastException {@code HOST_FULL} if there is none
     */
    void prepare(long group) throws HoldfastException;

    /**
     * Notes that a group is in memory now: a checkpoint that changes the group takes the bitmap from here and need not
     * read it. It does not wait for the device.
     *
     * @param version that the bitmap belongs to
     * @param allocated as it was read; the caller does not change it any more
     */
    default void keep(long group, long version, long[] allocated) {}

    /** Ends {@link #keep}: the group is not in memory any more. */
    default void forget(long group) {}

    /** Those of an empty volume. */
    static Bitmaps allFree(Layout layout) {
        return new Bitmaps() {
            @Override
            public int free(long group) {
                return layout.usable(group);
            }

            @Override
            public long version(long group) {
                return 0;
            }

            @Override
            public void prepare(long group) {}

            @Override
            public long[] read(long group) {
                return new long[Math.max(1, layout.groupBlocks() / Long.SIZE)];
            }
        };
    }
}
