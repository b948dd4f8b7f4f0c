package io.holdfast.file;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.space.Reservation;
import io.holdfast.volume.WritePiece;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.locks.Lock;

/**
 * Writes whole blocks straight into records, with one stable copy, which keeps checksums true, and none in the cache.
 * {@link SealedWriting} does one such write.
 */
final class SealedWrites {
    private final WriteScope scope;
    private final FileData file;
    private final FileContext.Writer writer;
    private final BufferedWriting singly;

    /** @param singly writes block by block if the volume lacks space for all of a piece */
    SealedWrites(WriteScope scope, BufferedWriting singly) {
        this.singly = singly;
        this.scope = scope;
        this.file = scope.file;
        this.writer = scope.writer;
    }

    /** Writes several pieces, not direct ones, as {@link io.holdfast.volume.StoredFile#writeTogether} says. */
    boolean writeTogether(List<WritePiece> pieces) throws HoldfastException {
        SealedSource source = SealedSource.of(pieces, Writing.PIECE_BLOCKS);
        if (source == null) {
            return false;
        }
        scope.writeback.requireRoom();
        scope.writeback.throttle();
        long end = (source.last() + 1) * Block.SIZE;
        if (scope.reachesBeyondSize(end)) {
            return false;
        }
        boolean written;
        scope.admit(source.blocks());
        try {
            written = seal(source, end);
        } finally {
            scope.endAdmitted(source.blocks());
        }
        writer.checkpointer().poke();
        return written;
    }

    /**
     * Writes whole blocks straight into records.
     *
     * @param end the file's size afterwards, if it is smaller now
     */
    void write(long offset, MemorySegment source, long end) throws HoldfastException {
        if (!seal(SealedSource.of(offset, source), end)) {
            singly.writeSingly(offset, source, scope.needOf(offset, source));
        }
    }

    /** As {@link #write}, of several runs; returns false if there is not enough space for all of it. */
    private boolean seal(SealedSource source, long end) throws HoldfastException {
        long need = 1L + file.map.nodesFor(source.last());
        Reservation reserved = scope.reserve(source.blocks() * need);
        if (reserved == null) {
            return false;
        }
        SealedWriting sealing = new SealedWriting(file, writer, source, reserved, need);
        Lock layout = null;
        try {
            sealing.requireRoom();
            layout = scope.lockLayout(end);
            file.attributes.contentChanged(end);
            Inject.at(Point.SIZE_CHANGED);
            layout = downgraded(layout);
            if (!file.attributes.sizeIsLogged(FileData.blockAfter(end) - 1) && !Inject.off(Guard.SIZE_BEFORE_DATA)) {
                file.attributes.log(writer, List.of());
            }
            sealing.run();
            return true;
        } finally {
            if (layout != null) {
                layout.unlock();
            }
            reserved.close();
        }
    }

    /** Turns an exclusive hold of the layout into a shared one. */
    private Lock downgraded(Lock held) {
        if (!file.layout.isWriteLockedByCurrentThread()) {
            return held;
        }
        Lock shared = file.layout.readLock();
        shared.lock();
        held.unlock();
        return shared;
    }
}
