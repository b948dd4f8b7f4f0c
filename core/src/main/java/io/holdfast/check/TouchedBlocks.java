package io.holdfast.check;

import io.holdfast.checkpoint.Checkpoints;
import io.holdfast.format.Layout;
import io.holdfast.space.BlockList;
import java.lang.foreign.Arena;
import java.util.BitSet;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The blocks that came into the trees or left them while a check runs. Of the other blocks the check may see each at another
 * moment: nothing points to them that did not before. Of the groups that have no unit in {@link ExactGroups} it knows only
 * whether any block has changed: then each counts as one that has. Thread-safe.
 */
final class TouchedBlocks implements Checkpoints.Watcher {
    private final ReentrantLock lock = new ReentrantLock();
    private final Layout layout;
    private final BlockSet blocks;
    /** Groups without a unit of which blocks have changed in this pass. */
    private final BitSet whole = new BitSet();

    private long taken;
    private boolean any;
    private boolean ended;
    private boolean overflowed;

    TouchedBlocks(Layout layout, ExactGroups groups, Arena memory) {
        this.layout = layout;
        this.blocks = new BlockSet(layout, groups, memory);
    }

    @Override
    public void changed(BlockList came, BlockList left) {
        lock.lock();
        try {
            any = true;
            taken += came.size();
            if (!ended && !overflowed) {
                came.forEachGroup(this::add);
                left.forEachGroup(this::add);
            }
        } catch (OutOfMemoryError e) {
            // The checkpoint must not suffer from it: the check knows less.
            overflowed = true;
        } finally {
            lock.unlock();
        }
    }

    private void add(long group, long[] bits) {
        if (group < layout.groups() && !blocks.addAll(group, bits)) {
            whole.set((int) group);
        }
    }

    /** Something done while nothing changes. */
    interface Change {
        /**
         * Makes the change.
         *
         * @param released takes back a unit, of which no block has changed then
         */
        void make(ExactGroups.Released released);
    }

    /** Begins another pass: forgets what has changed of the groups that have no unit. {@code change} gives out the units anew. */
    void nextPass(Change change) {
        lock.lock();
        try {
            whole.clear();
            if (!ended) {
                change.make(blocks::clear);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Takes nothing any more; the memory of the set may be given back. */
    void end() {
        lock.lock();
        try {
            ended = true;
        } finally {
            lock.unlock();
        }
    }

    boolean contains(long block) {
        return (wordOf(block) & 1L << block) != 0;
    }

    long wordOf(long block) {
        lock.lock();
        try {
            return overflowed || whole.get((int) layout.groupOf(block)) ? -1 : blocks.wordOf(block);
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether nothing is known of single blocks of a group, and some have changed in this pass. */
    boolean hasWhole(long group) {
        lock.lock();
        try {
            return overflowed || whole.get((int) group);
        } finally {
            lock.unlock();
        }
    }

    /** Returns how many blocks have come into the trees since the check began; those that came twice count twice. */
    long taken() {
        lock.lock();
        try {
            return taken;
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether the volume has had a checkpoint since the check began. */
    boolean any() {
        lock.lock();
        try {
            return any;
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether there was no memory for all blocks; then every block counts as one that has changed. */
    boolean overflowed() {
        lock.lock();
        try {
            return overflowed;
        } finally {
            lock.unlock();
        }
    }
}
