package io.holdfast.cli.serve;

import io.holdfast.cli.control.Served;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.NbdAddress;
import io.holdfast.nbd.NbdOptions;
import io.holdfast.volume.CheckOptions;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.Progress;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The volume of a server with its NBD door. {@link #resume} replaces both.
 *
 * <p>Invariant: the door is one to the volume. Both change under the lock.
 */
final class ServedVolume implements Served, AutoCloseable {
    private static final System.Logger LOG = System.getLogger("io.holdfast.serve");

    private final ReentrantLock lock = new ReentrantLock();
    private volatile Volume volume;
    private @Nullable NbdDoor nbd;
    private boolean closed;

    /** Takes the volume over. */
    ServedVolume(Volume volume) {
        this.volume = volume;
    }

    /** Lets NBD clients in. */
    NbdDoor open(List<NbdAddress> addresses, NbdOptions options) throws IOException {
        NbdDoor door = NbdDoor.open(volume, addresses, options);
        nbd = door;
        return door;
    }

    @Override
    public Volume volume() {
        return volume;
    }

    /** {@inheritDoc} The log has a line on it. */
    @Override
    public CheckReport check(CheckOptions options, Progress progress) throws HoldfastException {
        return CheckLog.check(volume, options, progress);
    }

    /**
     * {@inheritDoc}
     *
     * <p>The NBD connections end when the volume was opened again, and not before: as long as it has failed, their reads go
     * on. No client gets a reply to a request that the old volume has ended; one that connects again sends it again.
     */
    @Override
    public Resumed resume() throws HoldfastException {
        lock.lock();
        try {
            NbdDoor door = nbd;
            if (closed || door == null) {
                throw new HoldfastException(ErrorCode.CLOSED, "the server is being stopped");
            }
            volume = volume.reopen(door::cutOff);
            List<String> lost = volume.lostFlushes();
            LOG.log(Level.WARNING, "the volume was opened again and takes writes");
            lost.forEach(path -> LOG.log(
                    Level.WARNING,
                    "{0}: writes that were acknowledged and not flushed may be lost; its flushes are refused until its clients were restarted and the loss is accepted (holdfast resume --accept)",
                    path));
            nbd = moved(door);
            return new Resumed(volume.recovery(), lost);
        } finally {
            lock.unlock();
        }
    }

    private NbdDoor moved(NbdDoor door) throws HoldfastException {
        try {
            return door.moveTo(volume);
        } catch (IOException e) {
            nbd = null;
            LOG.log(Level.ERROR, "NBD clients cannot come any more: {0}", e.getMessage());
            throw new HoldfastException(
                    ErrorCode.FAILED,
                    "the volume was opened again, but cannot be served at its addresses: " + e.getMessage(),
                    e);
        }
    }

    /** Ends the connections of NBD clients in order. */
    void closeDoor() {
        lock.lock();
        try {
            closed = true;
            if (nbd != null) {
                nbd.close();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Closes the volume. */
    @Override
    public void close() throws HoldfastException {
        closeDoor();
        volume.close();
    }
}
