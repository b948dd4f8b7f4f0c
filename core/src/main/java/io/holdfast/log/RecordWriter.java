package io.holdfast.log;

import io.holdfast.device.Device;
import io.holdfast.device.Piece;
import io.holdfast.error.HoldfastException;
import io.holdfast.failure.FailureLatch;
import io.holdfast.format.LogRecord;
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

    /** Writes header, twin and data in as few pieces as their places allow, and hands all pieces over at once. */
    private void writeBlocks(PlacedRecord record) throws HoldfastException {
        List<Piece> pieces = new ArrayList<>(2 + record.data().size());
        add(pieces, 0, record.header());
        add(pieces, LogRecord.COPIES, record.data());
        add(pieces, LogRecord.COPIES, record.twins());
        try {
            device.write(record.sealed(), pieces);
        } catch (HoldfastException e) {
            throw latch.fail(e);
        }
    }

    /** Adds the pieces for blocks of the buffer; the first one may make the last piece so far longer. */
    private static void add(List<Piece> pieces, int firstInBuffer, List<Run> runs) {
        int from = firstInBuffer;
        for (Run run : runs) {
            int count = (int) run.length();
            Piece last = pieces.isEmpty() ? null : pieces.getLast();
            if (last != null && last.block() + last.count() == run.start() && last.from() + last.count() == from) {
                pieces.set(pieces.size() - 1, new Piece(last.block(), last.from(), last.count() + count));
            } else {
                pieces.add(new Piece(run.start(), from, count));
            }
            from += count;
        }
    }
}
