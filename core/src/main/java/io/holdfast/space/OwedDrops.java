package io.holdfast.space;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Layout;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Blocks that no tree reaches any more and that the space map on the device still has as allocated, since the bitmap of
 * their group could not be read. They stay allocated. Later checkpoints drop them again, after 1, 2, 4 … checkpoints, in
 * case the bitmap has become readable; what is owed when the volume is closed is leaked until a repair.
 *
 * <p>Used by the thread of the checkpoint alone.
 */
final class OwedDrops {
    /** More groups that become unreadable in one checkpoint are no rot: something is wrong with the device. */
    private static final int NEW_GROUPS_MAX = 8;

    private final BlockList blocks;
    private final Map<Long, Retry> retries = new HashMap<>();
    private int newGroups;

    OwedDrops(Layout layout) {
        blocks = new BlockList(layout);
    }

    /** Takes out the blocks that a checkpoint is to drop again: of groups whose time has come, and of those given. */
    BlockList takeDue(Layout layout, long generation, Set<Long> groups) {
        newGroups = 0;
        BlockList due = new BlockList(layout);
        blocks.forEachGroup((group, bits) -> {
            Retry retry = retries.get(group);
            if (retry == null || retry.isDue(generation) || groups.contains(group)) {
                due.add(group, bits);
            }
        });
        due.groups().forEach(blocks::removeGroup);
        return due;
    }

    /**
     * Counts a group whose bitmap cannot be read.
     *
     * @throws HoldfastException {@code why}, if it is so for too many groups
     */
    void count(long group, HoldfastException why) throws HoldfastException {
        if (!retries.containsKey(group) && newGroups++ == NEW_GROUPS_MAX) {
            throw why;
        }
    }

    /**
     * Notes that blocks of a group stay allocated.
     *
     * @return whether this is the first time for the group
     */
    boolean add(long group, long[] bits, long generation) {
        Retry before = retries.get(group);
        retries.put(group, before == null ? Retry.first(generation) : before.again(generation));
        blocks.add(group, bits);
        return before == null;
    }

    /** Notes that the bitmap of a group could be read; returns whether it could not before. */
    boolean readable(long group) {
        return retries.remove(group) != null;
    }
}
