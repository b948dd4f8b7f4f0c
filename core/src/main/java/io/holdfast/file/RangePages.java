package io.holdfast.file;

import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The cached pages of a range of a file's blocks, locked or dropped as one. The caller holds the file's layout
 * exclusively: then no other thread locks more than one of the pages, and none becomes dirty. Several pages are locked
 * in ascending order, as writeback takes them: a batch that this thread waits for then never waits for a page locked
 * here.
 */
final class RangePages {
    private final FileData file;
    private final long first;
    private final long end;

    /** @param end behind the last block */
    RangePages(FileData file, long first, long end) {
        this.file = file;
        this.first = first;
        this.end = end;
    }

    /** Drops all pages once their writeback has ended. Dirty pages go, too: the caller knows that nobody needs them. */
    void drop() {
        forEachCached(block -> {
            Page page = lockIdle(block);
            if (page != null) {
                file.drop(page);
            }
        });
    }

    /**
     * Waits for all writeback in the range and returns its dirty pages, locked. Until the caller unlocks or drops
     * these, no page of the range becomes dirty, and none is written.
     */
    List<Page> lockDirty() {
        List<Page> locked = new ArrayList<>();
        boolean complete = false;
        try {
            for (long block = nextToLock(first); block < end; block = nextToLock(block + 1)) {
                Page page = lockIdle(block);
                if (page != null && page.isDirty()) {
                    locked.add(page);
                } else if (page != null) {
                    page.lock.unlock();
                }
            }
            complete = true;
            return locked;
        } finally {
            if (!complete) {
                locked.forEach(page -> page.lock.unlock());
            }
        }
    }

    private long nextToLock(long block) {
        return Inject.off(Guard.RANGE_AWAITS_WRITEBACK) ? file.dirty.next(block) : file.nextInMemory(block);
    }

    /** Returns all pages, locked, once their writeback has ended. */
    List<Page> lock() {
        List<Long> blocks = new ArrayList<>();
        forEachCached(blocks::add);
        Collections.sort(blocks);
        // Made at full length: no allocation may come between locking a page and listing it.
        List<Page> locked = new ArrayList<>(blocks.size());
        boolean complete = false;
        try {
            for (long block : blocks) {
                Page page = lockIdle(block);
                if (page != null) {
                    locked.add(page);
                }
            }
            complete = true;
            return locked;
        } finally {
            if (!complete) {
                locked.forEach(page -> page.lock.unlock());
            }
        }
    }

    private void forEachCached(LongConsumer action) {
        if (end - first < file.pages.size()) {
            for (long block = first; block < end; block++) {
                action.accept(block);
            }
            return;
        }
        file.pages.forEachBlock(block -> {
            if (block >= first && block < end) {
                action.accept(block);
            }
        });
    }

    /** Returns the cached page of a block, locked and not under writeback; null if there is none. */
    private @Nullable Page lockIdle(long block) {
        Page page = file.lockCached(block);
        if (page == null) {
            return null;
        }
        boolean waited = false;
        try {
            if (!Inject.off(Guard.RANGE_AWAITS_WRITEBACK)) {
                page.awaitIdle();
            }
            waited = true;
        } finally {
            if (!waited) {
                page.lock.unlock();
            }
        }
        if (page.isDead()) {
            // The end of the writeback dropped it first, or the clock evicted it.
            page.lock.unlock();
            return null;
        }
        return page;
    }
}
