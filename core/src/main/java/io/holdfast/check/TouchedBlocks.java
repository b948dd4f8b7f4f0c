package io.holdfast.check;

import io.holdfast.checkpoint.Checkpoints;
import io.holdfast.format.Layout;
import io.holdfast.space.BlockList;
import java.lang.foreign.Arena;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The blocks that came into the trees or left them while a check runs. Of the other blocks the check may see each at another
 * moment: nothing points to them that did not before. Thread-safe.
 */
final class TouchedBlocks implements Checkpoints.Watcher {
    private final Layout layout;
    private final ReentrantLock lock = new ReentrantLock();
    private final BlockSet blocks;
    private boolean any;
    private boolean ended;
    private boolean overflowed;

    TouchedBlocks(Layout layout, Arena memory) {
        this.layout = layout;
        this.blocks = new BlockSet(layout.blocks(), memory);
    }

    @Override
    public void changed(BlockList taken, BlockList dropped) {
        lock.lock();
        try {
            any = true;
            if (!ended && !overflowed) {
                taken.forEachGroup((group, bits) -> blocks.addAll(layout.groupStart(group), bits));
                dropped.forEachGroup((group, bits) -> blocks.addAll(layout.groupStart(group), bits));
            }
        } catch (OutOfMemoryError e) {
            // The checkpoint must not suffer from it: the check knows less.
            overflowed = true;
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
        lock.lock();
        try {
            return overflowed || blocks.contains(block);
        } finally {
            lock.unlock();
        }
    }

    long wordOf(long block) {
        lock.lock();
        try {
            return overflowed ? -1 : blocks.wordOf(block);
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
