package io.holdfast.check;

import io.holdfast.format.Layout;

/**
 * The memory that a check may take, and how it divides that.
 *
 * @param orderBytes to bring reads of data in the order of the device
 * @param setBytes for what is known of single blocks and of groups, see {@link #exactGroups}
 * @param key of the hash in {@link GroupSums}; no two checks have the same
 */
public record CheckMemory(long orderBytes, long setBytes, long key) {
    /** However little memory there is: each pass must come to an end with some group. */
    private static final int GROUPS_MIN = 1;
    /** For each group: its sums, its unit in the two tables of those, and marks. */
    private static final int EACH_GROUP = GroupSums.BYTES + 2 * Integer.BYTES + 1;
    /** Sets of bits for each exact group: what is reached, what changed, and what the log has. */
    private static final int SETS = 3;
    /** The part of the bytes for each of two tables of nodes that were met. */
    private static final int NODES_PART = 64;

    private static final long NODES_MIN = 1 << 10;
    private static final long NODES_MAX = 1 << 20;

    /** Returns the bytes with which a check knows the blocks of so many groups at a time. */
    public static long setsFor(Layout layout, int groups) {
        return layout.groups() * EACH_GROUP + 2 * NODES_MIN + (long) groups * SETS * BlockSet.bytesEach(layout);
    }

    /** Returns how many cells of a batch of data blocks there is memory for. */
    int dataCells() {
        return (int) Math.min(orderBytes / (2L * DataBatch.CELL_BYTES), Integer.MAX_VALUE);
    }

    /** Returns of how many groups at a time a check knows single blocks. */
    int exactGroups(Layout layout) {
        long left = setBytes - layout.groups() * EACH_GROUP - 2 * nodeBytes();
        long groups = left / ((long) SETS * BlockSet.bytesEach(layout));
        return Math.clamp(groups, GROUPS_MIN, Integer.MAX_VALUE);
    }

    /** Returns the bytes for a table of nodes that were met. */
    long nodeBytes() {
        return Math.clamp(setBytes / NODES_PART, NODES_MIN, NODES_MAX);
    }
}
