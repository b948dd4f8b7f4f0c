package io.holdfast.cli.serve;

import io.holdfast.cli.ProductVersion;
import io.holdfast.cli.control.Served;
import io.holdfast.cli.control.ServerStatus;
import io.holdfast.cli.metrics.ServerReadings;
import io.holdfast.cli.space.SpaceReport;
import io.holdfast.cli.text.Durations;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.ListeningSockets;
import io.holdfast.nbd.NbdAddress;
import io.holdfast.nbd.NbdClientStatus;
import io.holdfast.nbd.NbdOptions;
import io.holdfast.nbd.NbdSessions.Disconnected;
import io.holdfast.volume.CheckOptions;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.LiveRepair;
import io.holdfast.volume.Progress;
import io.holdfast.volume.RepairPlan;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The volume of a server with its NBD door. {@link #resume} and {@link #repair} replace both.
 *
 * <p>Invariant: the door is one to the volume. Both change under {@code lock}, which nobody holds for long, and by whoever holds {@code replacing}. The server's end does not
 * wait for {@code replacing} before it has begun to close the volume: that ends what a repair may wait for.
 */
final class ServedVolume implements Served, AutoCloseable {
    private static final System.Logger LOG = System.getLogger("io.holdfast.serve");

    /** Held while another volume is put in the place of this one; taken before {@code lock}. */
    private final ReentrantLock replacing = new ReentrantLock();

    private final ReentrantLock lock = new ReentrantLock();
    private volatile Volume volume;
    private @Nullable NbdDoor nbd;
    private boolean closed;
    private final long started = System.nanoTime();

    private final Path device;

    /**
     * Takes the volume over.
     *
     * @param device what messages call it
     */
    ServedVolume(Path device, Volume volume) {
        this.device = device;
        this.volume = volume;
    }

    /** Lets NBD clients in. */
    NbdDoor open(List<NbdAddress> addresses, NbdOptions options, ListeningSockets sockets) throws IOException {
        tellLosses(volume.lostFlushes());
        NbdDoor door = NbdDoor.open(volume, addresses, options, sockets);
        nbd = door;
        return door;
    }

    @Override
    public Volume volume() {
        return volume;
    }

    @Override
    public Optional<ServerReadings> readings() {
        return Optional.of(readings(SpaceReport.of(device, volume)));
    }

    /** Returns what was counted, with what is known of the space. */
    ServerReadings readings(SpaceReport space) {
        lock.lock();
        Optional<NbdDoor> door;
        try {
            door = Optional.ofNullable(nbd);
        } finally {
            lock.unlock();
        }
        return ServerReadings.of(volume, space, door.map(NbdDoor::readings));
    }

    /** {@inheritDoc} The log has a line on it. */
    @Override
    public CheckReport check(CheckOptions options, Progress progress) throws HoldfastException {
        return CheckLog.check(volume, options, volume::check, progress);
    }

    /**
     * {@inheritDoc}
     *
     * <p>The NBD connections end when the volume was opened again, and not before: as long as it has failed, their reads go
     * on. No client gets a reply to a request that the old volume has ended; one that connects again sends it again.
     */
    @Override
    public Resumed resume() throws HoldfastException {
        replacing.lock();
        try {
            NbdDoor door = door();
            Volume next = volume.reopen(door::cutOff);
            List<String> lost = next.lostFlushes();
            LOG.log(Level.WARNING, "the volume was opened again and takes writes");
            tellLosses(lost);
            serve(next, door);
            return new Resumed(next.recovery(), lost);
        } finally {
            replacing.unlock();
        }
    }

    @Override
    public ServerStatus server() {
        Optional<NbdDoor> open = openDoor();
        return new ServerStatus(
                ProcessHandle.current().pid(),
                ProductVersion.get(),
                System.nanoTime() - started,
                open.map(NbdDoor::addresses).orElse(List.of()),
                clients().size());
    }

    @Override
    public List<NbdClientStatus> clients() {
        return openDoor().map(NbdDoor::clients).orElse(List.of());
    }

    @Override
    public Disconnected disconnect(long client) throws HoldfastException {
        return openDoor().flatMap(door -> door.disconnect(client)).orElseThrow(() -> Served.noClient(client));
    }

    private Optional<NbdDoor> openDoor() {
        lock.lock();
        try {
            return Optional.ofNullable(nbd);
        } finally {
            lock.unlock();
        }
    }

    private NbdDoor door() throws HoldfastException {
        lock.lock();
        try {
            NbdDoor door = nbd;
            if (closed || door == null) {
                throw new HoldfastException(ErrorCode.CLOSED, "the server is being stopped");
            }
            return door;
        } finally {
            lock.unlock();
        }
    }

    private static void tellLosses(List<String> lost) {
        lost.forEach(path -> LOG.log(
                Level.WARNING,
                "{0}: writes that were acknowledged and not flushed may be lost; its flushes are refused until its clients were restarted and the loss is accepted (holdfast resume --accept)",
                path));
    }

    @Override
    public CheckReport check(LiveRepair repair, Progress progress) throws HoldfastException {
        return CheckLog.check(volume, CheckOptions.ALL, (_, heard) -> repair.check(heard), progress);
    }

    /**
     * {@inheritDoc}
     *
     * <p>As with {@link #resume}, the NBD connections end when the volume was opened again, and a client that connects again notices only that it has waited.
     */
    @Override
    public RepairPlan repair(LiveRepair repair, Progress progress) throws HoldfastException {
        replacing.lock();
        try {
            NbdDoor door = door();
            LOG.log(Level.WARNING, "the volume is being repaired; its clients wait meanwhile");
            long start = System.nanoTime();
            LiveRepair.Applied applied = repair.apply(progress, door::cutOff);
            serve(applied.volume(), door);
            String time = Durations.show(System.nanoTime() - start);
            if (applied.failure().isPresent()) {
                HoldfastException why = applied.failure().get();
                LOG.log(
                        Level.ERROR,
                        "the volume was not repaired, and is served as before, after {0}; mend what is said here, then repair again: {1}",
                        time,
                        why.getMessage());
                throw why;
            }
            if (!applied.done().isPossible()) {
                LOG.log(
                        Level.WARNING,
                        "nothing was left to repair when no client changed the volume any more; clients go on, after {0}",
                        time);
                return applied.done();
            }
            LOG.log(
                    Level.WARNING,
                    "the volume was repaired, and clients go on, after {0}; repairs made: {1}",
                    time,
                    Long.toString(applied.done().repairCount()));
            return applied.done();
        } finally {
            replacing.unlock();
        }
    }

    /** Puts another volume in the place of this one. If the server is being stopped, nobody is let in to it. */
    private void serve(Volume next, NbdDoor door) throws HoldfastException {
        lock.lock();
        try {
            volume = next;
            if (!closed) {
                nbd = moved(door);
            }
        } finally {
            lock.unlock();
        }
    }

    private NbdDoor moved(NbdDoor door) throws HoldfastException {
        try {
            return door.moveTo(volume);
        } catch (IOException e) {
            nbd = null;
            LOG.log(
                    Level.ERROR,
                    "NBD clients cannot come any more; mend what is said here, then start the server anew: {0}",
                    e.getMessage());
            throw new HoldfastException(
                    ErrorCode.FAILED,
                    "the volume was opened again, but cannot be served at its addresses: " + e.getMessage(),
                    e);
        }
    }

    /** Returns whether NBD clients are taken at every address. */
    boolean accepts() {
        lock.lock();
        try {
            return nbd != null && nbd.accepts();
        } finally {
            lock.unlock();
        }
    }

    /** Ends the connections of NBD clients in order. */
    void closeDoor() {
        NbdDoor door;
        lock.lock();
        try {
            closed = true;
            door = nbd;
            nbd = null;
        } finally {
            lock.unlock();
        }
        if (door != null) {
            door.close();
        }
    }

    /** Closes the volume. A repair that waits for calls or for room on the host is given up by this; one that is further is waited for. */
    @Override
    public void close() throws HoldfastException {
        closeDoor();
        try {
            volume.close();
        } finally {
            replacing.lock();
            try {
                // If another one was put in its place meanwhile.
                volume.close();
            } finally {
                replacing.unlock();
            }
        }
    }
}
