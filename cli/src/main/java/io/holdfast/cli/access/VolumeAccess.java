package io.holdfast.cli.access;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.Engine;
import io.holdfast.cli.control.ControlPath;
import io.holdfast.cli.control.RemoteVolume;
import io.holdfast.engine.Volumes;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeRepair;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * Opens a volume: in this process, or, if another process holds it, through that process's control socket. Either way
 * the caller gets a {@link Volume}.
 *
 * <p>Invariant: the caller gets the volume that is at the path now, never one that was there before.
 *
 * <p>A short command may hold the volume for a moment. A server that starts or stops also holds it while its socket is
 * not there. So this tries both ways in turn for up to {@link #WAIT_MAX}.
 */
public final class VolumeAccess {
    private static final Duration WAIT_MAX = Duration.ofSeconds(3);
    private static final Duration PAUSE = Duration.ofMillis(20);

    private final Engine engine;
    private final Cancellation cancel;
    private final Duration waitMax;

    public VolumeAccess(Engine engine, Cancellation cancel) {
        this(engine, cancel, WAIT_MAX);
    }

    VolumeAccess(Engine engine, Cancellation cancel, Duration waitMax) {
        this.engine = engine;
        this.cancel = cancel;
        this.waitMax = waitMax;
    }

    /** Opens the volume in this process, or through the process that holds it. */
    public Volume open(Path device, OpenOptions options) throws IOException {
        return open(device, options, served -> served);
    }

    /** Opens the volume in this process, to serve it. */
    public Volume openHere(Path device, OpenOptions options) throws IOException {
        return open(device, options, served -> {
            served.close();
            throw new HoldfastException(
                    ErrorCode.HELD, device + " is being served already, see 'holdfast info'; stop that server first");
        });
    }

    /** Opens the volume in this process to repair it, or lets the process that holds it do that. */
    public VolumeRepair repair(Path device, OpenOptions options) throws IOException {
        return open(device, () -> engine.repair(device, options), RemoteVolume::repair);
    }

    /** Undoes the last repair of the volume, in this process. */
    public void undoRepair(Path device, OpenOptions options) throws IOException {
        Opening<Boolean> undo = () -> {
            engine.undoRepair(device, options);
            return true;
        };
        open(device, undo, served -> {
            throw tooLate(device, served);
        });
    }

    private static HoldfastException tooLate(Path device, RemoteVolume served) {
        try (served) {
            return served.info().readOnly()
                    ? new HoldfastException(
                            ErrorCode.HELD,
                            device
                                    + " is being served read-only, so nothing is written to it; stop that server ('holdfast info' names it), then undo the repair")
                    : new HoldfastException(
                            ErrorCode.NOT_FOUND,
                            device
                                    + ": it is too late to undo a repair: a server has the volume open for writing, and its clients go on from what was repaired");
        }
    }

    /** Opens a volume in this process. */
    private interface Opening<T> {
        T open() throws HoldfastException;
    }

    /** Handles a volume that turns out to be served. */
    private interface OnServed<T> {
        T take(RemoteVolume served) throws HoldfastException;
    }

    /**
     * Returns whether the served volume is the file at the path now; closes it if not. A server whose file was replaced
     * must get no command meant for the new file.
     */
    private static boolean isOf(Path device, Volume served) throws IOException {
        boolean same = false;
        try {
            Optional<String> storage = served.storage();
            same = storage.isEmpty() || storage.get().equals(Volumes.storageAt(device));
            return same;
        } finally {
            if (!same) {
                served.close();
            }
        }
    }

    private Volume open(Path device, OpenOptions options, OnServed<Volume> onServed) throws IOException {
        return open(device, () -> engine.open(device, options), onServed);
    }

    private <T> T open(Path device, Opening<T> opening, OnServed<T> onServed) throws IOException {
        if (!Files.exists(device)) {
            throw new NoSuchFileException(device.toString());
        }
        long deadline = System.nanoTime() + waitMax.toNanos();
        while (true) {
            cancel.check();
            HoldfastException held;
            try {
                return opening.open();
            } catch (HoldfastException e) {
                if (e.code() != ErrorCode.HELD) {
                    throw e;
                }
                held = e;
            }
            Optional<RemoteVolume> served = RemoteVolume.connect(ControlPath.of(device));
            if (served.isPresent() && isOf(device, served.get())) {
                return onServed.take(served.get());
            }
            if (System.nanoTime() > deadline) {
                String sockets = ControlPath.of(device).describe();
                // If a served file was replaced, only its name is held: nobody has the new file open.
                String reason = served.isPresent()
                        ? device + " is not the file that the server at " + sockets + " has open: the server's file was"
                                + " at this path when the server started, and was renamed or replaced since. The server"
                                + " holds the name until it ends, so stop it first"
                        : held.getMessage() + "; no server of it answers at " + sockets
                                + ", so wait for that process or stop it";
                throw new HoldfastException(ErrorCode.HELD, reason, held);
            }
            LockSupport.parkNanos(PAUSE.toNanos());
        }
    }
}
