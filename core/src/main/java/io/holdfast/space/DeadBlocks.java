package io.holdfast.space;

import io.holdfast.format.Layout;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * The dead blocks that are not free yet: those that died since the last freeze, those that the running checkpoint leaves
 * out, and those that a durable checkpoint has left out and readers may still know. Not thread-safe; {@link SpaceManager}
 * guards it.
 *
 * <p>Invariant: a block is in one of these lists at most.
 */
final class DeadBlocks {
    private final Layout layout;
    private BlockList active;
    private BlockList frozen;
    private final Set<BlockList> left = new LinkedHashSet<>();
    private long leftBlocks;

    DeadBlocks(Layout layout) {
        this.layout = layout;
        this.active = new BlockList(layout);
        this.frozen = new BlockList(layout);
    }

    /** Adds a block that the next checkpoint to be frozen leaves out. */
    void add(long block) {
        active.add(block);
    }

    /** Adds a block that the running checkpoint leaves out. */
    void addFrozen(long block) {
        frozen.add(block);
    }

    /** Takes out blocks that were added and stay allocated after all. */
    void keepFrozen(BlockList kept) {
        kept.forEachGroup(frozen::remove);
    }

    void freeze() {
        if (!frozen.isEmpty()) {
            throw new IllegalStateException("the last checkpoint has not ended");
        }
        frozen = active;
        active = new BlockList(layout);
    }

    /** The checkpoint is durable: returns the blocks that it has left out. They stay here until {@link #free}. */
    BlockList commit() {
        BlockList list = frozen;
        frozen = new BlockList(layout);
        if (!list.isEmpty()) {
            left.add(list);
            leftBlocks += list.size();
        }
        return list;
    }

    /**
     * Takes the blocks of one group out of a list that {@link #commit} returned, and out of here.
     *
     * @return false if there are none left
     */
    boolean free(BlockList list, BlockList.GroupVisitor<RuntimeException> visitor) {
        if (list.isEmpty()) {
            return false;
        }
        if (!left.contains(list)) {
            throw new IllegalStateException("not a list of dead blocks");
        }
        long before = list.size();
        list.takeGroup(visitor);
        leftBlocks -= before - list.size();
        if (list.isEmpty()) {
            left.remove(list);
        }
        return true;
    }

    long size() {
        return active.size() + frozen.size() + leftBlocks;
    }

    /** Sets the bits of those blocks of a group that are here. */
    void addTo(long group, long[] bits) {
        active.addTo(group, bits);
        frozen.addTo(group, bits);
        for (BlockList list : left) {
            list.addTo(group, bits);
        }
    }
}
