package io.holdfast.engine;

import io.holdfast.background.ClientWaits;
import io.holdfast.concurrent.Timing;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.failure.FailureLatch;
import io.holdfast.file.FileLayer;
import io.holdfast.volume.ErrorListener;
import io.holdfast.volume.StoredFile;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * Knows whether a volume is open, and runs the calls of the volume and of its files.
 *
 * <p>Invariant: a call holds {@code lock} shared while it runs, and {@link #close} takes it exclusively. So nothing
 * runs in a layer that is being taken apart.
 */
final class VolumeLife {
    private final String volume;
    private final FailureLatch latch;
    private final FileLayer.@Nullable Writable writable;
    private final ErrorListener errors;
    private final ClientWaits clients;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private final AcknowledgedChanges changes = new AcknowledgedChanges();
    private final Newcomers newcomers;
    private boolean closed;

    /**
     * @param volume what messages call the volume
     * @param writable null if the volume is open read-only
     * @param errors hears of errors that calls throw
     * @param clients counts how long calls of files take
     * @param timing of waits
     */
    VolumeLife(
            String volume,
            FailureLatch latch,
            FileLayer.@Nullable Writable writable,
            ErrorListener errors,
            ClientWaits clients,
            Timing timing) {
        this.newcomers = new Newcomers(timing);
        this.clients = clients;
        this.volume = volume;
        this.latch = latch;
        this.writable = writable;
        this.errors = errors;
    }

    /** A call with a result, during which the volume stays open. */
    interface Call<T> {
        T run() throws HoldfastException;
    }

    /** A call without a result. */
    interface Action {
        void run() throws HoldfastException;
    }

    <T> T call(Call<T> call) throws HoldfastException {
        enter();
        try {
            requireOpen();
            return call.run();
        } catch (HoldfastException e) {
            throw tell(e);
        } catch (OutOfMemoryError | StackOverflowError e) {
            throw tell(failedBy(e));
        } finally {
            leave();
        }
    }

    void act(Action action) throws HoldfastException {
        enter();
        try {
            requireOpen();
            action.run();
        } catch (HoldfastException e) {
            throw tell(e);
        } catch (OutOfMemoryError | StackOverflowError e) {
            throw tell(failedBy(e));
        } finally {
            leave();
        }
    }

    /** Runs a change of names or attributes; throws and waits as {@link #requireChangeable}. */
    void change(Action change) throws HoldfastException {
        act(() -> {
            requireChangeable();
            change.run();
        });
    }

    /**
     * Waits until there is room for changes of names and attributes. Throws as {@link #requireWritable}. The caller holds no
     * lock but {@code lock}.
     */
    void requireChangeable() throws HoldfastException {
        requireWritable().checkpointer().admitItems();
    }

    /**
     * Keeps the volume from being closed until {@link #leave}. For calls so frequent that the cost of a lambda shows.
     */
    void enter() {
        if (newcomers.areKeptOut() && lock.getReadHoldCount() == 0 && !lock.isWriteLockedByCurrentThread()) {
            newcomers.awaitPassage();
        }
        lock.readLock().lock();
    }

    void leave() {
        lock.readLock().unlock();
        if (newcomers.areKeptOut()) {
            newcomers.oneLess();
        }
    }

    /** Throws {@code CLOSED} if the volume is closed. Call it after {@link #enter}. */
    void requireOpen() throws HoldfastException {
        if (closed) {
            throw new HoldfastException(ErrorCode.CLOSED, volume + " was closed");
        }
    }

    /** Returns the parts for writing. Throws {@code READ_ONLY}, or {@code FAILED} after a write or flush has failed. */
    FileLayer.Writable requireWritable() throws HoldfastException {
        FileLayer.Writable to = writable;
        if (to == null) {
            throw new HoldfastException(ErrorCode.READ_ONLY, volume + " is open read-only");
        }
        latch.check();
        return to;
    }

    /**
     * Latches an error of the virtual machine that ended a call: nobody knows how far the call came. Returns the error
     * for the caller.
     */
    HoldfastException failedBy(Error error) {
        return writable == null
                ? new HoldfastException(ErrorCode.NO_MEMORY, volume + ": " + error, error)
                : latch.fail(error);
    }

    /** Returns where it is counted how long calls of files take. */
    ClientWaits clients() {
        return clients;
    }

    /** Passes an error to the listener, and returns it. */
    HoldfastException tell(HoldfastException error) {
        return errors.tell(error);
    }

    /** Returns what is known of changes that were acknowledged. */
    AcknowledgedChanges changes() {
        return changes;
    }

    /**
     * Returns a handle whose calls run here.
     *
     * @param path of the file, if it is known
     */
    StoredFile guarded(StoredFile file, @Nullable String path) {
        return new GuardedFile(file, this, changes.opened(file.inode(), path));
    }

    /**
     * Waits for all calls and, while none runs, makes a volume that takes this one's place. Then this one is closed. If it
     * cannot be made, this one stays as it is. A call that comes meanwhile waits, unless it is a part of one that runs.
     *
     * @param mayWait throws if the wait for calls may have no end: one of them waits for something itself. Asked again and again
     */
    <T> T replace(Action mayWait, Call<T> making) throws HoldfastException {
        newcomers.keepOutUntil(lock.writeLock()::tryLock, mayWait);
        try {
            requireOpen();
            T made = making.run();
            closed = true;
            return made;
        } catch (OutOfMemoryError | StackOverflowError e) {
            throw failedBy(e);
        } finally {
            if (lock.isWriteLockedByCurrentThread()) {
                lock.writeLock().unlock();
            } else {
                leave();
            }
        }
    }

    /**
     * Lets calls run again: the caller, within {@link #replace}, goes on as one of them, and must not make a volume any more. The volume stays open until
     * {@code replace} ends.
     */
    void letCallsRun() {
        lock.readLock().lock();
        lock.writeLock().unlock();
    }

    /** Waits for all calls, and then closes the volume. Does nothing if it is closed. */
    void close(Action closing) throws HoldfastException {
        lock.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                closing.run();
            }
        } catch (OutOfMemoryError | StackOverflowError e) {
            throw failedBy(e);
        } finally {
            lock.writeLock().unlock();
        }
    }
}
