package io.holdfast.nbd.transmission;

import io.holdfast.door.Lease;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.WritePiece;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Long writes of one connection, with their payloads in leases. The engine writes each to the device at once. Writes
 * that wait while others are being written go together, as many as fit into one log record: so all of them cost one
 * transfer and two wake-ups.
 */
final class LongWrites {
    /**
     * Bytes that are written together. A record has room for twice that, but then the device has fewer transfers to
     * work on in parallel.
     */
    private static final int TOGETHER_BYTES_MAX = 192 << 10;

    private final Exchange exchange;
    private final Lanes<LongWrite> lanes;

    /**
     * One write.
     *
     * @param alone performs this write by itself, and releases the lease
     */
    record LongWrite(Job job, Lease lease, Exchange.Work alone) {}

    LongWrites(Exchange exchange) {
        this.exchange = exchange;
        this.lanes = new Lanes<>(
                exchange.workers,
                lanes(exchange.processors),
                write -> write.lease().length(),
                TOGETHER_BYTES_MAX,
                this::write,
                (write, why) -> exchange.giveUp(write.job(), why));
    }

    /**
     * Returns how many workers write at a time. There are more than processors, because they wait for the device most of
     * the time. Three workers with twice the bytes together were slower, with pauses (64 KiB at random, 2 cores: 6 to 26 %
     * fewer writes a second).
     */
    private static int lanes(int processors) {
        return Math.clamp(2L * processors + 1, 5, 16);
    }

    /** For the reading thread. */
    void start(LongWrite write) {
        lanes.run(write);
        exchange.handedOver();
    }

    private void write(List<LongWrite> writes) {
        if (writes.size() == 1 || !wroteTogether(writes)) {
            for (LongWrite write : writes) {
                exchange.finish(write.job(), write.alone());
            }
        }
    }

    /** Writes them together; if that is not possible, returns false and has written and answered nothing. */
    private boolean wroteTogether(List<LongWrite> writes) {
        Exchange.@Nullable Work outcome = null;
        try {
            if (!exchange.file.writeTogether(pieces(writes))) {
                return false;
            }
        } catch (HoldfastException | RuntimeException e) {
            outcome = () -> {
                throw e;
            };
        }
        for (LongWrite write : writes) {
            write.lease().release();
            Exchange.Work end = outcome == null ? () -> exchange.written(write.job()) : outcome;
            exchange.replies.add(exchange.attempt(write.job(), end));
        }
        exchange.replies.flush();
        return true;
    }

    private static List<WritePiece> pieces(List<LongWrite> writes) {
        List<WritePiece> pieces = new ArrayList<>();
        for (LongWrite write : writes) {
            Lease lease = write.lease();
            for (int i = 0; i < lease.count(); i++) {
                pieces.add(new WritePiece(write.job().request().offset() + lease.start(i), lease.segment(i)));
            }
        }
        return pieces;
    }
}
