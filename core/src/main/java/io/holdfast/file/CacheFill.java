package io.holdfast.file;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Puts a block that was read into the cache; its new page is locked from {@link #begin} to {@link #close}.
 *
 * <p>A writer of the block needs this page. So a mapping that still holds after {@code begin} holds until {@code
 * close}; only with such a mapping may the page be filled.
 */
final class CacheFill implements AutoCloseable {
    private final FileData file;
    private final Page page;

    private CacheFill(FileData file, Page page) {
        this.file = file;
        this.page = page;
    }

    /**
     * Never waits: memory may come free only after a checkpoint, which waits for the caller if that is a reader.
     *
     * @return null if there is no memory for the page, or another thread has made one for the block
     */
    static @Nullable CacheFill begin(FileData file, long block) {
        try {
            Page page = file.tryMake(block);
            return page == null ? null : new CacheFill(file, page);
        } catch (HoldfastException full) {
            return null;
        }
    }

    /** Copies the content in. */
    void take(MemorySegment content, long at) {
        MemorySegment.copy(content, at, page.memory, 0, Block.SIZE);
        page.filled();
    }

    /** Unlocks the page, or drops it if it was not filled. */
    @Override
    public void close() {
        file.unlock(page);
    }
}
