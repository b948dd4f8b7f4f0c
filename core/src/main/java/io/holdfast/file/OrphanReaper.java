package io.holdfast.file;

import io.holdfast.concurrent.Threads;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.failure.HostRoom;
import io.holdfast.format.Item;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.mapping.MapRegistry;
import io.holdfast.metadata.MetadataStore;
import io.holdfast.namespace.NamespaceKeys;
import io.holdfast.namespace.Orphan;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Frees, in the background, files that have no name and no handle any more. The orphan items are its work list, so it
 * queues nothing in memory and a crash loses nothing.
 */
final class OrphanReaper {
    private static final System.Logger LOG = System.getLogger("holdfast");
    private static final int SCAN_MAX = 256;

    private final MetadataStore items;
    private final MapRegistry maps;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition wake = lock.newCondition();
    private final Condition idle = lock.newCondition();
    /** These are changed under the lock; {@link #isBusy} reads them without. */
    private volatile boolean wanted = true;

    private volatile boolean busy;
    private volatile boolean ended = true;
    private boolean stopping;
    private @Nullable Thread thread;

    OrphanReaper(MetadataStore items, MapRegistry maps) {
        this.items = items;
        this.maps = maps;
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

    void start(FileTable table, FileContext.Writer writer) {
        ended = false;
        writer.room().onChange(this::wakeUp);
        thread = Threads.start("holdfast-orphans", () -> {
            try {
                run(table, writer);
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

    /** Waits until the orphans that exist now are freed. The reaper takes no lock of the namespace or of a file. */
    void awaitIdle() {
        lock.lock();
        try {
            while (!ended && (wanted || busy)) {
                idle.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    private void run(FileTable table, FileContext.Writer writer) {
        while (true) {
            lock.lock();
            try {
                if (!wanted) {
                    busy = false;
                    idle.signalAll();
                }
                while (!wanted && !stopping) {
                    wake.awaitUninterruptibly();
                }
                if (stopping || writer.latch().failed()) {
                    return;
                }
                busy = true;
                wanted = false;
            } finally {
                lock.unlock();
            }
            try {
                reap(table, writer);
            } catch (HoldfastException | RuntimeException | Error e) {
                boolean wantOfRoom = e instanceof HoldfastException refused
                        && refused.code() == ErrorCode.NO_SPACE
                        && writer.room().isMissing();
                if (!wantOfRoom) {
                    writer.latch().fail(e);
                    return;
                }
                postpone(writer.room());
            }
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
    private void reap(FileTable table, FileContext.Writer writer) throws HoldfastException {
        byte[] from = NamespaceKeys.orphan(0);
        byte[] to = NamespaceKeys.orphan(-1);
        boolean freed = false;
        while (true) {
            List<Item> orphans;
            try {
                orphans = items.scanKnown(from, to, SCAN_MAX);
            } catch (HoldfastException e) {
                requireUnreadable(e);
                LOG.log(System.Logger.Level.WARNING, "removed files stay allocated: {0}", e.getMessage());
                break;
            }
            for (Item orphan : orphans) {
                Orphan said = Orphan.of(orphan);
                Inject.at(Point.ORPHAN_FOUND);
                if (said != null && said.isReapable() && table.isDead(said.inode())) {
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
                    "inode {0} was removed and stays allocated: {1}",
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
