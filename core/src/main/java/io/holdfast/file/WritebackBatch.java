package io.holdfast.file;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.MapEntry;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.log.DataBatch;
import java.util.ArrayList;
import java.util.List;

/**
 * Dirty pages of one file on their way into one record. Used once, by one thread, which ends it with {@link #end}.
 *
 * <p>Invariant: a page that was taken is under writeback until {@link #end}, which ends the writeback of every page
 * whatever has happened meanwhile.
 */
final class WritebackBatch {
    private final FileData file;
    private final FileContext.Writer writer;
    private final PageCache cache;
    private final DataBatch batch;
    private final List<Page> pages;
    private boolean submitted;
    private boolean written;

    WritebackBatch(FileData file, FileContext.Writer writer, PageCache cache, int blocksMax) {
        this.file = file;
        this.writer = writer;
        this.cache = cache;
        // Made at full length: no allocation may come between taking a page and listing it.
        this.pages = new ArrayList<>(blocksMax);
        this.batch = writer.log().batch(file.inode, !file.checksummed(), blocksMax);
    }

    boolean isFull() {
        return batch.isFull();
    }

    boolean isEmpty() {
        return pages.isEmpty();
    }

    /**
     * Takes a locked page if it still is dirty, and unlocks it. Leaves the pages of a failed volume alone: there is no
     * record for them any more, and a sealed page that was kept has no reservation to be dirty with again.
     */
    void take(Page page) {
        try {
            if (page.isDirty() && page.isUnderWriteback() && !Inject.off(Guard.ONE_WRITEBACK)) {
                page.awaitIdle();
            }
            if (!page.isDirty() || page.isDead() || writer.latch().failed()) {
                return;
            }
            // What may fail comes first.
            batch.add(page.block, page.memory);
            file.writing.add(page.block);
            pages.add(page);
            page.startWriteback();
            batch.takeOver(page.reserved);
            file.notDirty(page);
        } finally {
            page.lock.unlock();
        }
    }

    /** Writes the pages' blocks; the map learns their places. */
    void append() throws HoldfastException {
        Inject.at(Point.WRITEBACK_TAKEN);
        int state = file.checksummed() ? MapEntry.WRITTEN : MapEntry.WRITTEN_NO_CHECKSUM;
        submitted = true;
        writer.log().append(batch, (index, block, count) -> {
            for (int i = index; i < index + count; i++) {
                long word = MapEntry.word(state, block + i - index);
                long sum = state == MapEntry.WRITTEN ? batch.checksum(i) : 0;
                file.map.put(batch.fileBlock(i), word, sum, batch.reserved(), batch.nodes(i));
            }
        });
        written = true;
        Inject.at(Point.WRITEBACK_MAPPED);
    }

    /** Returns the error for the caller. If pages were taken, the volume has failed: they are in no record. */
    HoldfastException failed(Throwable thrown) {
        if (pages.isEmpty() && thrown instanceof RuntimeException e) {
            throw e;
        }
        if (pages.isEmpty() && thrown instanceof Error e) {
            throw e;
        }
        return writer.latch().fail(thrown);
    }

    void end() {
        try {
            if (!submitted) {
                batch.discard();
            }
        } finally {
            finishAll();
        }
    }

    private void finishAll() {
        if (pages.isEmpty()) {
            return;
        }
        for (Page page : pages) {
            try {
                finish(page);
            } catch (RuntimeException | Error e) {
                writer.latch().fail(e);
            }
        }
        cache.dirtyLimit().remove(pages.size());
        cache.cleaned();
    }

    private void finish(Page page) {
        page.lock.lock();
        boolean drop = false;
        try {
            if (!written && !page.isDirty()) {
                // The volume has failed and will allocate nothing any more. The page stays dirty and readable.
                file.markDirty(page);
            }
            drop = written && page.isDroppedAfterWriteback() && !page.isDirty() && !page.isDead();
        } finally {
            file.writing.remove(page.block);
            page.endWriteback();
            if (!drop) {
                page.lock.unlock();
            }
        }
        if (drop) {
            file.drop(page);
        }
    }
}
