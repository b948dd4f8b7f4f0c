package io.holdfast.check;

import java.util.Arrays;

/**
 * Nodes that a check has met. It has room for so many and forgets some when there are more. So it ends the walk through nodes that a damaged map
 * leads to again and again, and proves nothing by what it does not know. Used by one thread.
 */
final class SeenNodes {
    /** Places that are looked at for one node. */
    private static final int PROBES = 8;

    /** Numbers of blocks; 0 where there is none, for block 0 is no node. */
    private final long[] blocks;

    /** @param bytes at most; what is used is a power of two, at least 64 bytes */
    SeenNodes(long bytes) {
        long most = Math.clamp(bytes / Long.BYTES, PROBES, 1 << 24);
        blocks = new long[(int) Long.highestOneBit(most)];
    }

    /** Adds a node; returns false if it is known to have been met before. */
    boolean add(long block) {
        int first = place(block);
        for (int i = 0; i < PROBES; i++) {
            int at = (first + i) & (blocks.length - 1);
            if (blocks[at] == block) {
                return false;
            }
            if (blocks[at] == 0) {
                blocks[at] = block;
                return true;
            }
        }
        blocks[first] = block;
        return true;
    }

    boolean contains(long block) {
        int first = place(block);
        for (int i = 0; i < PROBES; i++) {
            if (blocks[(first + i) & (blocks.length - 1)] == block) {
                return true;
            }
        }
        return false;
    }

    void clear() {
        Arrays.fill(blocks, 0);
    }

    private int place(long block) {
        return (int) ((block * 0x9e3779b97f4a7c15L) >>> 32) & (blocks.length - 1);
    }
}
