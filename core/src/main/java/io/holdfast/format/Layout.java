package io.holdfast.format;

import java.util.ArrayList;
import java.util.List;

/**
 * Where the fixed structures of a volume are.
 *
 * <pre>
 *   group    0                1                2           ...  128               ...
 *           +--+---+-------+ +--+------------+ +--+--------+   +--+-------------+
 *           |h |s' | data  | |h |    data    | |h |  data  |   |h |    data     |
 *           +--+---+-------+ +--+------------+ +--+--------+   +--+-------------+
 *
 *   a head, h:
 *            0  superblock slots   2 blocks, in use in groups 0, 1, 8, 64, 512 …
 *            2  bitmap             2 homes of one block
 *            4  counts             2 homes of 16 blocks (reserved for the counts of shared blocks)
 *           36  descriptors        2 homes of one block, and a copy of each, in every 128th group
 *           40  index, level 1     the same, in every 128 × 256th group; further levels likewise
 *
 *   s' in group 0: a second copy of the superblock, in blocks 2048 and 2049
 * </pre>
 *
 * <p>A group has 32,768 blocks (128 MiB); the last one may have fewer. The number of a group alone says where its
 * structures are, never the size of the volume, so a volume can grow in place. A structure with two homes is written to
 * the home that the last checkpoint does not use: copy-on-write without an allocation.
 *
 * <p>The <em>group table</em> is a radix tree. A block of level 0 holds the descriptors of 128 groups; a block of a
 * higher level points to 256 blocks of the level below. Level l of node i has its homes in the head of the first group
 * below it. Without one of its blocks nobody knows what is free in 16 GiB or more, so each has a copy behind the homes.
 *
 * <p>A last group with no more room than its head is left out; its blocks are never used. Only the simulator makes
 * smaller groups, so that a small volume has many.
 */
public final class Layout {
    public static final int SUPERBLOCK_SLOTS = 2;
    /** Log2 of the blocks in a group of every volume that users have. */
    public static final int GROUP_LOG2 = 15;

    public static final int GROUP_LOG2_MIN = 7;
    private static final int GROUP_LOG2_SMALL_MAX = 9;
    /** Words of 64 bits in the bitmap of a whole group. */
    public static final int BITMAP_WORDS = (1 << GROUP_LOG2) / Long.SIZE;
    /** Groups whose descriptors share a block. */
    public static final int DESCRIPTORS = 128;

    public static final int INDEX_FANOUT = 256;

    /** Levels of the table in the largest volume there can be: 2^44 blocks are 2^29 groups. */
    private static final int TABLE_LEVELS_MAX = 4;

    private static final int TABLE_HOMES = 2;
    /** The homes of a block of the table, and a copy of each, side by side. */
    public static final int TABLE_BLOCKS = 2 * TABLE_HOMES;

    private static final int BITMAP_AT = SUPERBLOCK_SLOTS;
    private static final int COUNTS_AT = BITMAP_AT + 2;
    private static final int COUNT_BYTES = 2;
    private static final int SECOND_COPY_AT = 2048;

    private final long blocks;
    private final int groupLog2;
    private final int countsBlocks;
    private final long groups;
    /** Width of each level of the table; the last one is 1. */
    private final long[] widths;

    private final long[] copies;

    public Layout(long blocks) {
        this(blocks, GROUP_LOG2);
    }

    /** @param groupLog2 {@link #GROUP_LOG2}, or 7 to 9 in the simulator */
    public Layout(long blocks, int groupLog2) {
        this.blocks = blocks;
        this.groupLog2 = groupLog2;
        this.countsBlocks = Math.max(1, (COUNT_BYTES << groupLog2) / Block.SIZE);
        long whole = blocks >>> groupLog2;
        long rest = blocks - (whole << groupLog2);
        this.groups = Math.max(1, whole + (rest > headBlocks(whole) ? 1 : 0));
        this.widths = widths(groups);
        this.copies = copies();
    }

    private static long[] widths(long groups) {
        List<Long> widths = new ArrayList<>();
        long width = Math.ceilDiv(groups, DESCRIPTORS);
        widths.add(width);
        while (width > 1) {
            width = Math.ceilDiv(width, INDEX_FANOUT);
            widths.add(width);
        }
        return widths.stream().mapToLong(Long::longValue).toArray();
    }

    private long[] copies() {
        List<Long> places = new ArrayList<>();
        places.add(0L);
        places.add((long) Math.min(SECOND_COPY_AT, 1 << (groupLog2 - 1)));
        for (long group = 1; group < groups; group *= 8) {
            places.add(groupStart(group));
        }
        return places.stream().mapToLong(Long::longValue).toArray();
    }

    /** Returns whether a volume can have groups of so many blocks. */
    public static boolean isGroupLog2(int log2) {
        return log2 == GROUP_LOG2 || (log2 >= GROUP_LOG2_MIN && log2 <= GROUP_LOG2_SMALL_MAX);
    }

    public long blocks() {
        return blocks;
    }

    public int groupLog2() {
        return groupLog2;
    }

    // ---- superblock ----

    /** Returns the number of copies of the superblock. */
    public int superblockCopies() {
        return copies.length;
    }

    /** Returns the block of one slot of one copy; generation g goes to slot g mod 2 of every copy. */
    public long superblock(int copy, int slot) {
        return copies[copy] + slot;
    }

    // ---- groups ----

    /** Returns the number of groups. */
    public long groups() {
        return groups;
    }

    /** Returns the blocks of a whole group. */
    public int groupBlocks() {
        return 1 << groupLog2;
    }

    public long groupOf(long block) {
        return block >>> groupLog2;
    }

    public long groupStart(long group) {
        return group << groupLog2;
    }

    /** Returns the end of a group, exclusive: that of the volume for the last one. */
    public long groupEnd(long group) {
        return Math.min(blocks, (group + 1) << groupLog2);
    }

    /** Returns the number of blocks at the start of a group that are never allocated. */
    public int headBlocks(long group) {
        int end = COUNTS_AT + 2 * countsBlocks;
        long span = DESCRIPTORS;
        for (int level = 0; level < TABLE_LEVELS_MAX && group % span == 0; level++) {
            end += TABLE_BLOCKS;
            span *= INDEX_FANOUT;
        }
        return end;
    }

    /** Returns how many blocks of a group can be allocated. */
    public int usable(long group) {
        int whole = (int) (groupEnd(group) - groupStart(group)) - headBlocks(group);
        return group == 0 ? whole - SUPERBLOCK_SLOTS : whole;
    }

    /** Returns one of the two homes of a group's bitmap. */
    public long bitmapHome(long group, int which) {
        return groupStart(group) + BITMAP_AT + which;
    }

    // ---- table ----

    /** Returns the number of levels of the group table, descriptors included. */
    public int tableLevels() {
        return widths.length;
    }

    /** Returns the number of blocks of a level of the group table. */
    public long tableWidth(int level) {
        return widths[level];
    }

    /** Returns how many groups a block of a level of the group table covers. */
    public static long tableSpan(int level) {
        long span = DESCRIPTORS;
        for (int l = 0; l < level; l++) {
            span *= INDEX_FANOUT;
        }
        return span;
    }

    /** Returns one of the two homes of a block of the group table. */
    public long tableHome(int level, long index, int which) {
        return groupStart(index * tableSpan(level))
                + COUNTS_AT
                + 2L * countsBlocks
                + (long) TABLE_BLOCKS * level
                + which;
    }

    /** Returns where the copy of a block of the group table is. */
    public static long tableCopy(long home) {
        return home + TABLE_HOMES;
    }

    // ---- blocks ----

    /** Returns whether the block belongs to a structure at a fixed place, or to no group, and is never allocated. */
    public boolean isFixed(long block) {
        long group = groupOf(block);
        if (group >= groups || block - groupStart(group) < headBlocks(group)) {
            return true;
        }
        return block >= copies[1] && block < copies[1] + SUPERBLOCK_SLOTS;
    }

    /** Returns whether a pointer found on disk can point there: inside the volume and not at a fixed structure. */
    public boolean isAllocatable(long block) {
        return block > 0 && block < blocks && !isFixed(block);
    }
}
