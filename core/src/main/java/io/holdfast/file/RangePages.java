package io.holdfast.file;

import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The cached pages of a range of a file's blocks, locked or dropped as one. The file's layout must be held exclusively: then
 * nobody else locks more than one of them.
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

    /**
     * Drops all pages of a range once their writeback has ended. The layout must be held exclusively. Dirty pages go, too:
     * whoever calls this knows that nobody needs them.
     */
    void drop() {
        forEachCached(block -> {
            Page page = lockIdle(block);
            if (page != null) {
                file.drop(page);
            }
        });
    }

    /**
     * Waits for all writeback in a range and returns its dirty pages, locked. The layout must be held exclusively: then
     * no page of the range becomes dirty, and none is written, until the caller unlocks or drops these. In ascending
     * order, as {@link #lock}.
     */
    List<Page> lockDirty() {
        List<Page> locked = new ArrayList<>();
        boolean complete = false;
        try {
            for (long block = nextToLock(first); block < end; block = nextToLock(block + 1)) {
                Page page = lockIdle(block);
                if (page != null && page.dirty) {
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

    /**
     * Returns all pages of a range, locked, once their writeback has ended. The layout must be held exclusively, so that
     * nobody else locks more than one. In ascending order, as writeback takes its pages: who has under way what is waited
     * for here then never waits for a page that is locked here already.
     */
    List<Page> lock() {
        List<Long> blocks = new ArrayList<>();
        forEachCached(blocks::add);
        Collections.sort(blocks);
        // As long as it may become: nothing is allocated between a lock and its place in the list.
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

    /** Returns the page of a block if it is cached, locked, and not under writeback. */
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
        if (page.dead) {
            // Whoever ended the writeback, or the clock, was faster.
            page.lock.unlock();
            return null;
        }
        return page;
    }
}
