package io.holdfast.file;

import io.holdfast.background.Background;
import io.holdfast.background.Job;
import io.holdfast.background.JobCancelledException;
import io.holdfast.checkpoint.Checkpoints;
import io.holdfast.concurrent.Threads;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.failure.HostRoom;
import io.holdfast.format.Block;
import io.holdfast.format.Item;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.mapping.MapRegistry;
import io.holdfast.metadata.MetadataStore;
import io.holdfast.namespace.NamespaceKeys;
import io.holdfast.namespace.Orphan;
import io.holdfast.volume.JobKind;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Frees, in the background, files that have no name and no handle any more. The orphan items are its work list, so it
 * queues nothing in memory and a crash loses nothing. It also has checkpoints free the subtrees that were cut off files, a
 * bounded part each.
 *
 * <p>All of it is a job, which may be paused. Who needs the space makes it hurry ({@link #awaitIdle}).
 */
final class OrphanReaper {
    private static final System.Logger LOG = System.getLogger("holdfast");
    private static final int SCAN_MAX = 256;
    private static final String SUBJECT = "space of removed files";

    private final MetadataStore items;
    private final MapRegistry maps;
    private final Background background;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition wake = lock.newCondition();
    private final Condition idle = lock.newCondition();
    /** These are changed under the lock; {@link #isBusy} reads them without. */
    private volatile boolean wanted = true;

    private volatile boolean busy;
    private volatile boolean ended = true;
    /** Whether subtrees wait to be freed by a checkpoint. */
    private boolean treesLeft;

    private boolean stopping;
    private volatile @Nullable Job job;
    private @Nullable Thread thread;

    OrphanReaper(MetadataStore items, MapRegistry maps, Background background) {
        this.items = items;
        this.maps = maps;
        this.background = background;
    }

    void wake() {
        lock.lock();
        try {
            wanted = true;
            wake.signal();
        } finally {
            lock.unlock();
        }
    }

    void start(FileTable table, FileContext.Writer writer) throws HoldfastException {
        Job begun = background.beginLasting(JobKind.REAP, SUBJECT, null);
        job = begun;
        ended = false;
        writer.room().onChange(this::wakeUp);
        writer.checkpointer().checkpoints().onReapable(this::wakeForTrees);
        thread = Threads.start("holdfast-orphans", () -> {
            try (begun) {
                run(table, writer, begun);
            } catch (JobCancelledException stopped) {
                // The volume is being closed.
            } finally {
                end();
            }
        });
    }

    private void end() {
        lock.lock();
        try {
            ended = true;
            idle.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether the reaper is looking for orphans, or will: they may hold space that nobody needs. */
    boolean isBusy() {
        // Without the lock, since every write asks. The reaper sets busy before it clears wanted, so a reader that
        // checks wanted first never sees both false while work is left.
        return !ended && (wanted || busy);
    }

    /** Returns whether it goes on by itself: it is not paused, or somebody waits for it. */
    boolean mayGoOn() {
        Job known = job;
        return known == null || known.mayGoOn();
    }

    /**
     * Waits until the orphans that exist now are freed, also while the job is paused. The reaper takes no lock of the namespace
     * or of a file.
     */
    void awaitIdle() {
        Job known = job;
        if (known == null) {
            return;
        }
        try (Job.Move _ = known.hurry()) {
            awaitOrphans();
        }
    }

    private void awaitOrphans() {
        lock.lock();
        try {
            while (!ended && (wanted || busy)) {
                idle.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    private void run(FileTable table, FileContext.Writer writer, Job begun) {
        while (awaitWork(writer, begun)) {
            try {
                if (takeOrphans()) {
                    reap(table, writer, begun);
                } else {
                    freeTrees(writer, begun);
                }
            } catch (JobCancelledException e) {
                throw e;
            } catch (HoldfastException | RuntimeException | Error e) {
                boolean wantOfRoom = e instanceof HoldfastException refused
                        && refused.code() == ErrorCode.NO_SPACE
                        && writer.room().isMissing();
                if (!wantOfRoom) {
                    writer.latch().fail(e);
                    return;
                }
                begun.setIdle(true);
                postpone(writer.room());
            }
        }
    }

    /** Waits until there is something to do; returns false if there never will be. */
    private boolean awaitWork(FileContext.Writer writer, Job begun) {
        lock.lock();
        try {
            if (!wanted) {
                busy = false;
                idle.signalAll();
            }
            begun.setIdle(!wanted && !treesLeft);
            while (!wanted && !treesLeft && !stopping) {
                wake.awaitUninterruptibly();
            }
            begun.setIdle(false);
            return !stopping && !writer.latch().failed();
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether to look for orphans. */
    private boolean takeOrphans() {
        lock.lock();
        try {
            boolean orphans = wanted;
            busy = orphans;
            wanted = false;
            return orphans;
        } finally {
            lock.unlock();
        }
    }

    /** Has the next checkpoint free some subtrees. It tells when it has, and whether there are more. */
    private void freeTrees(FileContext.Writer writer, Job begun) {
        lock.lock();
        try {
            treesLeft = false;
        } finally {
            lock.unlock();
        }
        Checkpoints checkpoints = writer.checkpointer().checkpoints();
        // The nodes that the last one has read: in the long run as many as are read.
        begun.move(Block.SIZE * Math.max(1, checkpoints.reapedNodes())).close();
        checkpoints.allowReaping();
        writer.checkpointer().requestCheckpoint();
    }

    private void wakeForTrees() {
        lock.lock();
        try {
            treesLeft = true;
            wake.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Releases the threads that wait for the orphans: without room for the log these cannot be freed. */
    private void postpone(HostRoom room) {
        lock.lock();
        try {
            busy = false;
            idle.signalAll();
            room.awaitRetry(lock, wake, () -> stopping);
            wanted = true;
        } finally {
            lock.unlock();
        }
    }

    private void wakeUp() {
        lock.lock();
        try {
            wake.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Frees every orphan that is not open. */
    private void reap(FileTable table, FileContext.Writer writer, Job begun) throws HoldfastException {
        byte[] from = NamespaceKeys.orphan(0);
        byte[] to = NamespaceKeys.orphan(-1);
        boolean freed = false;
        while (true) {
            List<Item> orphans;
            try {
                orphans = items.scanKnown(from, to, SCAN_MAX);
            } catch (HoldfastException e) {
                requireUnreadable(e);
                LOG.log(
                        System.Logger.Level.WARNING,
                        "removed files stay allocated; run a check, which names all that cannot be read: {0}",
                        e.getMessage());
                break;
            }
            for (Item orphan : orphans) {
                Orphan said = Orphan.of(orphan);
                Inject.at(Point.ORPHAN_FOUND);
                if (said != null && said.isReapable() && table.isDead(said.inode())) {
                    begun.move(Block.SIZE).close();
                    freed |= free(said.inode(), writer);
                }
                from = Arrays.copyOf(orphan.key(), orphan.key().length + 1);
            }
            if (orphans.size() < SCAN_MAX) {
                break;
            }
        }
        if (freed) {
            writer.checkpointer().requestCheckpoint();
        }
    }

    /** Returns false if nobody knows what the file has: it stays allocated. */
    private boolean free(long inode, FileContext.Writer writer) throws HoldfastException {
        try {
            maps.acquire(inode);
        } catch (HoldfastException e) {
            requireUnreadable(e);
            LOG.log(
                    System.Logger.Level.WARNING,
                    "inode {0} was removed and stays allocated; run a check, which names all that cannot be read: {1}",
                    inode,
                    e.getMessage());
            return false;
        }
        try {
            writer.log().submit(FileTable.removal(inode), true);
        } finally {
            maps.release(inode);
        }
        return true;
    }

    /** Throws an error that is more than something that cannot be read. */
    private static void requireUnreadable(HoldfastException e) throws HoldfastException {
        if (e.code() != ErrorCode.DAMAGED && e.code() != ErrorCode.DEVICE_ERROR) {
            throw e;
        }
    }

    void stop() {
        Job known = job;
        if (known != null) {
            known.stop();
        }
        lock.lock();
        try {
            stopping = true;
            wake.signalAll();
        } finally {
            lock.unlock();
        }
        Threads.join(thread);
    }
}
