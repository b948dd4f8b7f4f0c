package io.holdfast.check;

import io.holdfast.mapping.MapRoot;

/**
 * What the check has counted in a file's map so far, piece by piece. {@code whole} says that every node could be read.
 *
 * @param inode whose map it is
 * @param root of the map when its first piece was read
 * @param changed whether a later piece was read in another state of the map: then the counts are of no one state
 * @param from the block of the file where the next piece begins
 * @param lost blocks that are lost, without those behind the end of the file
 * @param lostBehind lost blocks behind the end of the file, which has no data there
 */
record MapCount(
        long inode,
        MapRoot root,
        boolean changed,
        long from,
        long blocks,
        long unwritten,
        long lost,
        long lostBehind,
        boolean whole) {
    static MapCount begin(long inode, MapRoot root) {
        return new MapCount(inode, root, false, 0, 0, 0, 0, 0, true);
    }

    /** Returns what is counted if the blocks up to another one are left out. */
    MapCount behind(long block) {
        return new MapCount(inode, root, true, block, blocks, unwritten, lost, lostBehind, false);
    }

    /** Returns whether the counts are those that the root had. */
    boolean isComparable() {
        return whole && !changed && lost == 0;
    }
}
