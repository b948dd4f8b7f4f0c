package io.holdfast.nbd.export;

import io.holdfast.concurrent.Timing;
import io.holdfast.nbd.NbdExport.Limits;
import io.holdfast.nbd.protocol.OptionReply;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * What all connections of one export share: its limits and its rule for those that change the file.
 *
 * <p>Invariant: no more connections have entered and not left than the limit says.
 */
public final class ExportUse {
    /** An export without limits; connections of any of them may share this. */
    public static final ExportUse FREE = new ExportUse();

    private final boolean exclusive;
    private final int connectionsMax;
    private final @Nullable Semaphore places;
    private final @Nullable RequestRate rate;

    private ExportUse() {
        this.exclusive = false;
        this.connectionsMax = 0;
        this.places = null;
        this.rate = null;
    }

    ExportUse(Limits limits, boolean exclusive, Timing timing) {
        this.exclusive = exclusive;
        this.connectionsMax = limits.connections();
        this.places = connectionsMax == 0 ? null : new Semaphore(connectionsMax);
        boolean bounded = limits.requestsPerSecond() != 0 || limits.bytesPerSecond() != 0;
        this.rate = bounded ? new RequestRate(limits.requestsPerSecond(), limits.bytesPerSecond(), timing) : null;
    }

    /** Returns whether only one client at a time may change the file. */
    public boolean exclusive() {
        return exclusive;
    }

    /** Returns the bound of requests and bytes; null if there is none. */
    public @Nullable RequestRate rate() {
        return rate;
    }

    /**
     * Takes a place for a connection.
     *
     * @throws ExportException if none is free
     */
    public void enter() throws ExportException {
        if (places != null && !places.tryAcquire()) {
            throw new ExportException(
                    OptionReply.ERR_POLICY, "the export has its maximum of " + connectionsMax + " connections");
        }
    }

    /** Gives the place back. */
    public void leave() {
        if (places != null) {
            places.release();
        }
    }
}
