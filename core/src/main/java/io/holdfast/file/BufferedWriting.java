package io.holdfast.file;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.space.Reservation;
import io.holdfast.space.SpacePurpose;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.Lock;

/**
 * Writes into pages of the cache. Space is reserved before a page becomes dirty (delayed allocation): one block for the
 * data and one for each map node it may change. So writing it back cannot run out of space.
 */
final class BufferedWriting {
    private final WriteScope scope;
    private final FileData file;
    private final FileContext.Writer writer;

    BufferedWriting(WriteScope scope) {
        this.scope = scope;
        this.file = scope.file;
        this.writer = scope.writer;
    }

    /** Writes a piece under one reservation. */
    void write(long offset, MemorySegment source) throws HoldfastException {
        long need = scope.needOf(offset, source);
        int blocks = (int) (FileData.blockAfter(offset + source.byteSize()) - FileData.blockOf(offset));
        Reservation reserved = scope.reserve(blocks * need);
        if (reserved == null) {
            writeSingly(offset, source, need);
        } else {
            copyIn(offset, source, need, reserved);
        }
    }

    /** Writes block by block on a full volume, as far as the blocks need no new space or have it promised. */
    void writeSingly(long offset, MemorySegment source, long need) throws HoldfastException {
        long done = 0;
        while (done < source.byteSize()) {
            long at = offset + done;
            long n = Math.min(Block.SIZE - FileData.within(at), source.byteSize() - done);
            Reservation reserved = writer.space().emptyReservation();
            if (!file.dirty.contains(FileData.blockOf(at))) {
                boolean promised = file.lookup(FileData.blockOf(at)).isUnwritten();
                reserved = writer.reserver()
                        .reserve(need, promised ? SpacePurpose.WRITE_UNWRITTEN : SpacePurpose.WRITE, false);
            }
            copyIn(at, source.asSlice(done, n), need, reserved);
            done += n;
        }
    }

    /** Copies into pages, and closes the reservation. */
    private void copyIn(long offset, MemorySegment source, long need, Reservation reserved) throws HoldfastException {
        Lock layout = null;
        try {
            layout = scope.lockLayout(offset + source.byteSize());
            long done = 0;
            while (done < source.byteSize()) {
                long at = offset + done;
                int within = FileData.within(at);
                int n = WriteScope.inBlock(at, source.byteSize() - done);
                copyBlock(at, within, n, source, done, need, reserved);
                done += n;
            }
        } finally {
            if (layout != null) {
                layout.unlock();
            }
            reserved.close();
        }
    }

    /** Copies into one page. If the page becomes dirty, it takes over the blocks reserved for it. */
    private void copyBlock(long at, int within, int n, MemorySegment source, long from, long need, Reservation reserved)
            throws HoldfastException {
        while (true) {
            Page page = file.lockPage(FileData.blockOf(at), false);
            try {
                if (page.isDirty() || reserved.blocks() >= need || Inject.off(Guard.RESERVATION_RECHECKED)) {
                    scope.pages.copyInto(page, within, n, source, from);
                    Inject.at(Point.PAGE_COPIED);
                    file.attributes.contentChanged(at + n);
                    Inject.at(Point.SIZE_CHANGED);
                    if (!page.isDirty()) {
                        file.markDirty(page, reserved, need);
                    }
                    return;
                }
            } finally {
                file.unlock(page);
            }
            // The page was dirty when the space was counted, and writeback has cleaned it since.
            try (Reservation more = writer.reserver().reserve(need, SpacePurpose.WRITE, false)) {
                more.moveTo(reserved);
            }
        }
    }
}
