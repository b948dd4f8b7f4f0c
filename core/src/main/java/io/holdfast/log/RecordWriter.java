package io.holdfast.log;

import io.holdfast.device.Device;
import io.holdfast.device.Piece;
import io.holdfast.error.HoldfastException;
import io.holdfast.failure.FailureLatch;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.space.Run;
import java.util.ArrayList;
import java.util.List;

/** Writes placed records to the device. Has no state of its own. */
final class RecordWriter {
    private final Device device;
    private final FailureLatch latch;
    private final FlushGate flushGate;

    RecordWriter(Device device, FailureLatch latch, FlushGate flushGate) {
        this.device = device;
        this.latch = latch;
        this.flushGate = flushGate;
    }

    /**
     * Writes a record, tells {@code placed} its places, and counts it as written. Releases its buffer in any case.
     *
     * @throws HoldfastException the failure, which is latched
     */
    void write(PlacedRecord record, Placed placed) throws HoldfastException {
        try {
            Inject.at(Point.RECORD_PLACED);
            writeBlocks(record);
            Inject.at(Point.RECORD_WRITTEN);
            int index = 0;
            for (Run run : record.data()) {
                placed.written(index, run.start(), (int) run.length());
                index += (int) run.length();
            }
            Inject.at(Point.RECORD_MAPPED);
            flushGate.written(record.sequence());
        } catch (RuntimeException | Error e) {
            // The chain names the record, so every later flush would wait for it.
            throw latch.fail(e);
        } finally {
            record.sealed().release();
        }
    }

    /** Writes header and data in as few pieces as their places allow, and hands all pieces over at once. */
    private void writeBlocks(PlacedRecord record) throws HoldfastException {
        List<Piece> pieces = new ArrayList<>(1 + record.data().size());
        long start = record.header();
        int from = 0;
        int count = 1;
        for (Run run : record.data()) {
            if (run.start() != start + count) {
                pieces.add(new Piece(start, from, count));
                from += count;
                start = run.start();
                count = 0;
            }
            count += (int) run.length();
        }
        pieces.add(new Piece(start, from, count));
        try {
            device.write(record.sealed(), pieces);
        } catch (HoldfastException e) {
            throw latch.fail(e);
        }
    }
}
