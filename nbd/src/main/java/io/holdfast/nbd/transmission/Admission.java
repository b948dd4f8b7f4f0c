package io.holdfast.nbd.transmission;

import io.holdfast.event.ThrottleEvent;
import io.holdfast.nbd.export.Export;
import io.holdfast.nbd.export.ExportUse;
import io.holdfast.nbd.export.FileWriters;
import io.holdfast.nbd.export.RequestRate;
import io.holdfast.nbd.protocol.NbdError;
import io.holdfast.nbd.transmission.RequestCheck.Rejection;
import java.lang.System.Logger.Level;
import org.jspecify.annotations.Nullable;

/**
 * Decides when the requests of one connection may begin: by the limits of the export, and by who else changes the file. The
 * thread that reads the requests waits here, so a client that may not go on simply finds its socket full.
 *
 * <p>Invariant: {@code writes} is true from the first change that was let in until {@link #close}; all that time the
 * connection is among the writers of its file.
 */
public final class Admission {
    private static final System.Logger LOG = System.getLogger("io.holdfast.nbd");

    private final Export export;
    private final long inode;
    private final FileWriters writers;
    private final FileWriters.Writer writer;
    private final @Nullable RequestRate rate;
    private long patience;
    private boolean writes;
    private volatile boolean tried;
    private volatile boolean stopping;

    /**
     * @param inode number of the export's file
     * @param writer this connection, for others that change the file
     * @param patience nanoseconds for which changes may wait, altogether, for another client to leave
     */
    public Admission(Export export, long inode, FileWriters writers, FileWriters.Writer writer, long patience) {
        ExportUse use = export.use();
        this.export = export;
        this.inode = inode;
        this.writers = writers;
        this.writer = writer;
        this.patience = patience;
        this.rate = use.rate();
    }

    /** Returns whether the export has limits for which {@link #awaitTurn} may wait. */
    boolean hasRate() {
        return rate != null;
    }

    /**
     * Waits until the limits of the export let a request begin, or {@link #stop}.
     *
     * @param bytes that the request moves; one that will be refused moves none, but counts as a request
     */
    void awaitTurn(long bytes, Runnable beforeWaiting) {
        RequestRate bound = rate;
        if (bound == null) {
            return;
        }
        long time = bound.enter(bytes);
        if (!bound.hasCome(time)) {
            beforeWaiting.run();
            ThrottleEvent event = new ThrottleEvent();
            event.begin();
            bound.await(time, () -> stopping);
            event.ended(ThrottleEvent.Cause.LIMIT);
        }
    }

    /** Returns why this connection may not change the file, or null if it may; may wait before it answers. */
    @Nullable
    Rejection mayChange(Runnable beforeWaiting) {
        if (writes) {
            return null;
        }
        tried = true;
        FileWriters.Answer answer = writers.enter(inode, writer, 0, () -> true);
        if (answer instanceof FileWriters.Answer.Refused && patience > 0) {
            beforeWaiting.run();
            LOG.log(
                    Level.WARNING,
                    "client {0} writes to {1} and waits for client {2} to leave, which has written to it",
                    writer.name(),
                    "'" + export.name() + "'",
                    other(answer));
            long most = patience;
            // The next ones are told at once: a client must not take that long for each of its requests.
            patience = 0;
            answer = writers.enter(inode, writer, most, () -> stopping);
        }
        return switch (answer) {
            case FileWriters.Answer.Alone() -> {
                writes = true;
                yield null;
            }
            case FileWriters.Answer.Likely(String other) -> {
                writes = true;
                LOG.log(
                        Level.WARNING,
                        "client {0} writes to {1} beside client {2}, which counts as the same client since both have the"
                                + " same user and nobody knows their processes; if they are two, that destroys what is on"
                                + " the disk: give each a socket or a user of its own",
                        writer.name(),
                        "'" + export.name() + "'",
                        other);
                yield null;
            }
            case FileWriters.Answer.Beside(String other) -> {
                writes = true;
                LOG.log(
                        Level.WARNING,
                        "client {0} writes to {1} ({2}) while client {3} does, too: unless the two know of each"
                                + " other, that destroys what is on the disk; an export can be exclusive",
                        writer.name(),
                        "'" + export.name() + "'",
                        export.path(),
                        other);
                yield null;
            }
            case FileWriters.Answer.Refused(String other) -> {
                String why = "client " + other + " writes to it, and the export is exclusive";
                // Who the other one is, is nothing for a guest.
                String told = "another client writes to it, and the export is exclusive";
                LOG.log(
                        Level.WARNING,
                        "client {0} was refused a write to {1}: {2}",
                        writer.name(),
                        "'" + export.name() + "'",
                        why);
                yield new Rejection(NbdError.EPERM, told);
            }
        };
    }

    private static String other(FileWriters.Answer answer) {
        return answer instanceof FileWriters.Answer.Refused(String other) ? other : "another";
    }

    /** Returns whether the client has changed the file, or tried. */
    boolean hasTriedToWrite() {
        return tried;
    }

    /** Ends the waiting, now and in future. */
    void stop() {
        stopping = true;
        if (rate != null) {
            rate.wake();
        }
        writers.wake();
    }

    /** Lets others change the file. All changes of this connection must have ended. */
    void close() {
        if (writes) {
            writers.leave(inode, writer);
        }
    }
}
