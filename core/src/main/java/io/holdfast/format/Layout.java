package io.holdfast.format;

import java.util.ArrayList;
import java.util.List;

/**
 * Where the fixed structures of a volume are.
 *
 * <pre>
 *   block   0 1   2 ...           N/3 N/3+1      2N/3 2N/3+1        N-2 N-1
 *          +-----+--------------+----------+ ~ +----------+ ~ ~ ~ +-------+
 *          |copy0| space map    |  copy 1  |   |  copy 2  |       | copy3 |
 *          +-----+--------------+----------+ ~ +----------+ ~ ~ ~ +-------+
 *   a copy of the superblock has two slots: generation g is written to slot g mod 2 of every copy
 * </pre>
 *
 * <p>The space map is a radix tree over bitmaps: a leaf has one bit for each of 32,768 blocks (128 MiB), an index node
 * points to 256 children. Every node has two fixed homes side by side and a checkpoint writes it to the one that is not
 * in use: copy-on-write without an allocation, so that writing the space map never changes it.
 */
public final class Layout {
    public static final int SUPERBLOCK_COPIES = 4;
    public static final int SUPERBLOCK_SLOTS = 2;
    public static final int BITS_PER_LEAF = 32768;
    public static final int INDEX_FANOUT = 256;

    private static final long SPACE_MAP_START = SUPERBLOCK_SLOTS;

    private final long blocks;
    /** Number of the first node of each level; level 0 are the leaves; the last entry is the count of all nodes. */
    private final long[] levelStart;

    public Layout(long blocks) {
        this.blocks = blocks;
        List<Long> starts = new ArrayList<>();
        long start = 0;
        long width = (blocks + BITS_PER_LEAF - 1) / BITS_PER_LEAF;
        while (true) {
            starts.add(start);
            start += width;
            if (width == 1) {
                break;
            }
            width = (width + INDEX_FANOUT - 1) / INDEX_FANOUT;
        }
        starts.add(start);
        levelStart = starts.stream().mapToLong(Long::longValue).toArray();
    }

    public long blocks() {
        return blocks;
    }

    /** Returns the block of one slot of one copy of the superblock. */
    public long superblock(int copy, int slot) {
        long base = switch (copy) {
            case 0 -> 0;
            case 1 -> Math.max(blocks / 3, spaceMapEnd());
            case 2 -> Math.max(2 * (blocks / 3), spaceMapEnd() + SUPERBLOCK_SLOTS);
            case 3 -> blocks - SUPERBLOCK_SLOTS;
            default -> throw new IllegalArgumentException("no copy " + copy);
        };
        return base + slot;
    }

    /** Returns the number of levels of the space map, leaves included. */
    public int spaceMapLevels() {
        return levelStart.length - 1;
    }

    /** Returns the number of nodes of a level of the space map. */
    public long spaceMapWidth(int level) {
        return levelStart[level + 1] - levelStart[level];
    }

    /** Returns one of the two homes of a node of the space map. */
    public long spaceMapHome(int level, long index, int which) {
        return SPACE_MAP_START + 2 * (levelStart[level] + index) + which;
    }

    public long spaceMapStart() {
        return SPACE_MAP_START;
    }

    public long spaceMapEnd() {
        return SPACE_MAP_START + 2 * levelStart[levelStart.length - 1];
    }

    /** Returns whether the block belongs to a structure at a fixed place and is never allocated. */
    public boolean isFixed(long block) {
        if (block < spaceMapEnd()) {
            return true;
        }
        for (int copy = 1; copy < SUPERBLOCK_COPIES; copy++) {
            long first = superblock(copy, 0);
            if (block >= first && block < first + SUPERBLOCK_SLOTS) {
                return true;
            }
        }
        return false;
    }

    /** Returns whether a pointer found on disk can point there: inside the volume and not at a fixed structure. */
    public boolean isAllocatable(long block) {
        return block > 0 && block < blocks && !isFixed(block);
    }

    /** Returns how many blocks the fixed structures take. */
    public long fixedBlocks() {
        return spaceMapEnd() + (long) (SUPERBLOCK_COPIES - 1) * SUPERBLOCK_SLOTS;
    }
}
