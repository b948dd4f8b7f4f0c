package io.holdfast.engine;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.failure.FailureLatch;
import io.holdfast.file.FileLayer;
import io.holdfast.volume.ErrorListener;
import io.holdfast.volume.StoredFile;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * Whether a volume is open. Every call of the volume and of its files runs here.
 *
 * <p>Invariant: a call holds {@code lock} shared while it runs, and closing takes it exclusively, so nothing runs in a layer
 * that is being taken apart.
 */
final class VolumeLife {
    private final String volume;
    private final FailureLatch latch;
    private final FileLayer.@Nullable Writable writable;
    private final ErrorListener errors;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private boolean closed;

    /**
     * @param volume what messages call it
     * @param writable null if it is open read-only
     * @param errors is told of errors that calls throw
     */
    VolumeLife(String volume, FailureLatch latch, FileLayer.@Nullable Writable writable, ErrorListener errors) {
        this.volume = volume;
        this.latch = latch;
        this.writable = writable;
        this.errors = errors;
    }

    /** Something done while the volume stays open. */
    interface Call<T> {
        T run() throws HoldfastException;
    }

    /** Something done to a volume, without a result. */
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
        } finally {
            leave();
        }
    }

    /** Runs something that needs a volume that can be written to. */
    void change(Action change) throws HoldfastException {
        act(() -> {
            requireWritable();
            change.run();
        });
    }

    /** Keeps the volume from being closed until {@link #leave}; for calls so frequent that a lambda shows. */
    void enter() {
        lock.readLock().lock();
    }

    void leave() {
        lock.readLock().unlock();
    }

    /** Throws {@code CLOSED} if the volume is closed. Called after {@link #enter}. */
    void requireOpen() throws HoldfastException {
        if (closed) {
            throw new HoldfastException(ErrorCode.CLOSED, volume + " was closed");
        }
    }

    /** Returns the parts for writing, or throws {@code READ_ONLY}, or what failed. */
    FileLayer.Writable requireWritable() throws HoldfastException {
        FileLayer.Writable to = writable;
        if (to == null) {
            throw new HoldfastException(ErrorCode.READ_ONLY, volume + " is open read-only");
        }
        latch.check();
        return to;
    }

    /** Tells who listens of an error, and returns it. */
    HoldfastException tell(HoldfastException error) {
        return errors.tell(error);
    }

    /** Returns a handle whose calls run here. */
    StoredFile guarded(StoredFile file) {
        return new GuardedFile(file, this);
    }

    /** Waits for all calls, and closes the volume; does nothing if it is closed. */
    void close(Action closing) throws HoldfastException {
        lock.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                closing.run();
            }
        } finally {
            lock.writeLock().unlock();
        }
    }
}
