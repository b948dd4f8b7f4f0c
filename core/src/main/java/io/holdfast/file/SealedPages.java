package io.holdfast.file;

import io.holdfast.format.Block;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.log.DataBatch;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The blocks of one record on their way to the device: sealed pages in the index of their file, which readers read and
 * nobody writes to.
 *
 * <p>Invariants: from {@link #show} to {@link #end} the index has a page for each block, so a writer of a block needs a
 * page that this class has put there. The map knows the new place before the page leaves the index. The pages share one
 * lock. Never wait for another page while holding it: that page's owner may be waiting for one of these.
 */
final class SealedPages {
    private final FileData file;
    private final DataBatch batch;
    private final Page[] pages;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition idle = lock.newCondition();
    /** Whether the batch is shown. */
    private boolean viewed;
    /** How many pages, from the first on, are in the index. */
    private int shown;

    /** @param batch a full one */
    SealedPages(FileData file, DataBatch batch) {
        this.file = file;
        this.batch = batch;
        this.pages = new Page[batch.size()];
    }

    /**
     * Puts the pages into the index in ascending order, each in place of the block's old page. Waiting for a page of
     * another record is safe, as in {@link Writeback}: that record only waits for pages behind it. If this throws, the
     * caller still calls {@link #end}, once the batch has ended.
     */
    void show() {
        MemorySegment copies = batch.show();
        viewed = true;
        eachRun(file.writing::add);
        lock.lock();
        try {
            for (int i = 0; i < pages.length; i++) {
                MemorySegment copy = copies.asSlice((long) i * Block.SIZE, Block.SIZE);
                Page page = new Page(file, batch.fileBlock(i), copy, lock, idle);
                pages[i] = page;
                Page found = file.pages.addOrPin(page);
                if (found == null) {
                    isIn(page);
                }
                while (found != null) {
                    found = takePlaceOf(found, page);
                }
                if (Inject.fails(Point.ALLOCATE_SEALED_PAGES)) {
                    throw new OutOfMemoryError("no memory to show pages");
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** Counts a page that found no other one in the index. */
    private void isIn(Page page) {
        shown++;
        // An earlier record of this block may just have taken it out of writing. Nobody can look at the page yet.
        file.writing.add(page.block);
    }

    /** Returns null once the page is in the index, else the page that is there now, pinned as {@code found} is. */
    private @Nullable Page takePlaceOf(Page found, Page page) {
        if (found.lock.tryLock()) {
            if (!found.isDead() && (!found.isUnderWriteback() || Inject.off(Guard.ONE_WRITEBACK))) {
                found.unpin();
                supersede(found, page);
                Inject.at(Point.PAGE_SUPERSEDED);
                return null;
            }
            found.lock.unlock();
        }
        lock.unlock();
        try {
            found.lock.lock();
            found.unpin();
            try {
                if (!found.isDead()) {
                    found.awaitIdle();
                }
            } finally {
                found.lock.unlock();
            }
        } finally {
            lock.lock();
        }
        Page now = file.pages.addOrPin(page);
        if (now == null) {
            isIn(page);
        }
        return now;
    }

    private void supersede(Page found, Page page) {
        try {
            file.supersede(found, page);
            shown++;
        } finally {
            if (found.lock.isHeldByCurrentThread()) {
                found.lock.unlock();
            }
        }
    }

    /**
     * Takes the pages out of the index and ends the batch's show: the map knows the content's places. If the volume has
     * failed, the map does not know them. Then the pages stay, dirty, with copies of their own: acknowledged pages gave
     * way to them, and readers must not see older content.
     */
    void end(boolean written) {
        lock.lock();
        try {
            MemorySegment kept = written ? null : keep();
            if (kept == null) {
                // Before another thread can make a page of these blocks and write it back.
                endWriting();
            }
            for (int i = 0; i < shown; i++) {
                Page page = pages[i];
                page.endWriteback();
                if (page.isDead()) {
                    continue; // only without the guard ONE_WRITEBACK
                }
                if (kept == null) {
                    page.die();
                    file.forget(page);
                } else {
                    page.keep(kept.asSlice((long) i * Block.SIZE, Block.SIZE));
                    file.markDirty(page);
                }
            }
            if (kept != null) {
                // Not before they are dirty: a reader looks for dirty blocks first, and then for those under writeback.
                endWriting();
            }
        } finally {
            lock.unlock();
        }
        if (viewed) {
            batch.endShow();
        }
    }

    /** Ends {@code writing}, but not for blocks whose pages were never shown: other records may be writing these. */
    private void endWriting() {
        if (shown == pages.length) {
            eachRun(file.writing::remove);
            return;
        }
        for (int i = 0; i < pages.length; i++) {
            long block = batch.fileBlock(i);
            if (i < shown || !file.pages.contains(block)) {
                file.writing.remove(block);
            }
        }
    }

    private interface OfRun {
        void accept(long first, int count);
    }

    private void eachRun(OfRun action) {
        int next;
        for (int i = 0; i < pages.length; i = next) {
            next = batch.runEnd(i, pages.length);
            action.accept(batch.fileBlock(i), next - i);
        }
    }

    /** Copies the pages' content to the heap; null if there is no memory. */
    private @Nullable MemorySegment keep() {
        try {
            MemorySegment kept = MemorySegment.ofArray(new byte[shown * Block.SIZE]);
            for (int i = 0; i < shown; i++) {
                MemorySegment.copy(pages[i].memory, 0, kept, (long) i * Block.SIZE, Block.SIZE);
            }
            return kept;
        } catch (OutOfMemoryError e) {
            return null;
        }
    }
}
