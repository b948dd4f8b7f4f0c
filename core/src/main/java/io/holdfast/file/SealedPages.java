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
 * The blocks of one record while they are on their way to the device: sealed pages in the index of their file, which
 * readers read from and nobody writes to.
 *
 * <p>Invariants: from {@link #show} to {@link #end} the index has a page for each block, so who wants to write a block
 * needs a page that this class has put there; the map knows the new place before the page is gone. The pages share one
 * lock. It is never held while another page is waited for: whose turn that is may be waiting for one of ours.
 */
final class SealedPages {
    private final FileData file;
    private final DataBatch batch;
    private final Page[] pages;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition idle = lock.newCondition();
    /** Whether the batch is shown. */
    private boolean viewed;
    /** The first so many pages are in the index. */
    private int shown;

    /** @param batch full */
    SealedPages(FileData file, DataBatch batch) {
        this.file = file;
        this.batch = batch;
        this.pages = new Page[batch.size()];
    }

    /**
     * Puts the pages into the index, in ascending order, each in the place of the page that is there. As in {@link
     * Writeback}, waiting for a page that is on its way in another record is safe because that one only ever waits for
     * pages behind it. If this throws, {@link #end} is still to be called, once the batch has ended.
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

    /** The page has found no other one in the index. */
    private void isIn(Page page) {
        shown++;
        // A record that had this block until now may have taken it out. Nobody can look at the page yet.
        file.writing.add(page.block);
    }

    /** Returns null if the page is in the index, else the one that is there, pinned, as {@code found} is. */
    private @Nullable Page takePlaceOf(Page found, Page page) {
        if (found.lock.tryLock()) {
            if (!found.dead && (!found.writeback || Inject.off(Guard.ONE_WRITEBACK))) {
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
                if (!found.dead) {
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
     * Takes the pages out of the index, and ends the batch's show: the map knows where their content is. If it does not
     * because the volume has failed, the pages stay, dirty, with copies of their own, so that readers go on seeing what
     * took the place of something that was acknowledged.
     */
    void end(boolean written) {
        lock.lock();
        try {
            MemorySegment kept = written ? null : keep();
            if (kept == null) {
                // Before another one can make a page of these blocks, and write it back.
                endWriting();
            }
            for (int i = 0; i < shown; i++) {
                Page page = pages[i];
                page.endWriteback();
                if (page.dead) {
                    continue; // only without the guard «one writeback»
                }
                if (kept == null) {
                    page.dead = true;
                    file.forget(page);
                } else {
                    page.memory = kept.asSlice((long) i * Block.SIZE, Block.SIZE);
                    page.sealed = false;
                    file.markDirty(page);
                }
            }
            if (kept != null) {
                // Not before they are dirty: a reader asks whether they are, and then whether they are on their way.
                endWriting();
            }
        } finally {
            lock.unlock();
        }
        if (viewed) {
            batch.endShow();
        }
    }

    /** Not of blocks whose pages were never shown: those may be on their way in other records. */
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

    /** Returns the copies on the heap, null if there is no room. */
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
