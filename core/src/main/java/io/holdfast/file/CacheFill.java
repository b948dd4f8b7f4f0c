package io.holdfast.file;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The putting of a block that was read into the cache: its new page is locked from {@link #begin} to {@link #close}.
 *
 * <p>Whoever wants to write the block needs this page. So a mapping that still holds after {@code begin} is what the block's
 * content is until the end; only then may the page be filled.
 */
final class CacheFill implements AutoCloseable {
    private final FileData file;
    private final Page page;

    private CacheFill(FileData file, Page page) {
        this.file = file;
        this.page = page;
    }

    /**
     * Never waits: the caller may be registered as a reader, and memory may come free only after a checkpoint.
     *
     * @return null if there is no memory for it, or another one has made a page for the block
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
        page.uptodate = true;
    }

    /** Unlocks the page; one that was not filled goes. */
    @Override
    public void close() {
        file.unlock(page);
    }
}
