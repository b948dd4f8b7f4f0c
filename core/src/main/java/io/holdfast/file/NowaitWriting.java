package io.holdfast.file;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.space.Reservation;
import io.holdfast.space.SpacePurpose;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.Lock;

/** A buffered write that waits for nothing: all of it or nothing. */
final class NowaitWriting {
    private final WriteScope scope;
    private final FileData file;
    private final FileContext.Writer writer;

    NowaitWriting(WriteScope scope) {
        this.scope = scope;
        this.file = scope.file;
        this.writer = scope.writer;
    }

    /** Writes all or nothing: locks all pages first, and throws {@code WOULD_BLOCK} in place of waiting. */
    void write(long offset, MemorySegment source) throws HoldfastException {
        long first = FileData.blockOf(offset);
        long blocks = FileData.blockAfter(offset + source.byteSize()) - first;
        if (scope.direct
                || blocks > Writing.PIECE_BLOCKS
                || file.context.cache().dirtyLimit().makesWait()) {
            throw scope.wouldBlock();
        }
        scope.admit(blocks);
        try {
            copyIn(offset, source, first, blocks);
        } finally {
            scope.endAdmitted(blocks);
        }
        scope.writeback.requestIfWorth();
    }

    private void copyIn(long offset, MemorySegment source, long first, long blocks) throws HoldfastException {
        long need = 1L + file.map.nodesFor(first + blocks - 1);
        Page[] pages = new Page[(int) blocks];
        int taken = 0;
        Lock layout = null;
        Reservation reserved = writer.reserver().reserve(blocks * need, SpacePurpose.WRITE, true);
        try {
            layout = scope.lockLayout(offset + source.byteSize());
            for (long done = 0;
                    done < source.byteSize();
                    done += WriteScope.inBlock(offset + done, source.byteSize() - done)) {
                boolean whole = WriteScope.inBlock(offset + done, source.byteSize() - done) == Block.SIZE;
                pages[taken] = takeNowait(first + taken, whole);
                taken++;
            }
            file.attributes.contentChanged(offset + source.byteSize());
            long done = 0;
            for (Page page : pages) {
                int n = WriteScope.inBlock(offset + done, source.byteSize() - done);
                scope.pages.copyInto(page, FileData.within(offset + done), n, source, done);
                if (!page.isDirty()) {
                    file.markDirty(page, reserved, need);
                }
                done += n;
            }
        } finally {
            for (int i = 0; i < taken; i++) {
                file.unlock(pages[i]);
            }
            if (layout != null) {
                layout.unlock();
            }
            reserved.close();
        }
    }

    /** Locks a page for a write, and fills it unless the write covers it whole. */
    private Page takeNowait(long block, boolean whole) throws HoldfastException {
        Page page = file.tryLockPage(block);
        if (page == null) {
            throw scope.wouldBlock();
        }
        boolean done = false;
        try {
            if (!whole && !page.isUptodate()) {
                scope.pages.fill(page);
            }
            done = true;
            return page;
        } finally {
            if (!done) {
                file.unlock(page);
            }
        }
    }
}
