package io.holdfast.file;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.space.Reservation;
import io.holdfast.space.SpacePurpose;
import java.lang.foreign.MemorySegment;

/** Copies bytes into cached pages; before a partial write it reads the page's old content. */
final class PageWriter {
    private static final MemorySegment ZEROES =
            MemorySegment.ofArray(new byte[Block.SIZE]).asReadOnly();

    private final FileData file;
    private final FileContext.Writer writer;
    private final boolean direct;
    private final boolean nowait;

    /**
     * @param direct do not keep the page once it is written
     * @param nowait throw {@code WOULD_BLOCK} in place of waiting
     */
    PageWriter(FileData file, FileContext.Writer writer, boolean direct, boolean nowait) {
        this.file = file;
        this.writer = writer;
        this.direct = direct;
        this.nowait = nowait;
    }

    /** Copies into a locked page, from byte {@code within} on. */
    void copyInto(Page page, int within, int n, MemorySegment source, long from) throws HoldfastException {
        if (n < Block.SIZE && !page.isUptodate()) {
            fill(page);
        }
        MemorySegment.copy(source, from, page.memory, within, n);
        page.filled();
        page.dropAfterWriteback(direct);
        file.context.counters().stableCopies.increment();
    }

    /** Reads the old content of a locked page before a partial write. */
    void fill(Page page) throws HoldfastException {
        if (nowait && !file.lookupInMemory(page.block).isZeroes()) {
            throw WriteScope.wouldBlock(file);
        }
        file.read(page.block, 1, (index, content, at, mapping) -> {
            MemorySegment.copy(content, at, page.memory, 0, Block.SIZE);
            return true;
        });
        page.filled();
    }

    /**
     * Zeroes a part of one block, unless the block has no data. The layout must be held.
     *
     * @param from first byte in the block
     * @param to behind the last
     * @return whether anything but zeroes was there
     */
    boolean zeroWithin(long block, int from, int to) throws HoldfastException {
        if (!file.pages.contains(block) && file.lookup(block).isZeroes()) {
            return false;
        }
        long need = 1L + file.map.nodesFor(block);
        try (Reservation reserved = writer.reserver().reserve(need, SpacePurpose.RELEASE, nowait)) {
            Page page = file.lockPage(block, nowait);
            try {
                if (!page.isUptodate()) {
                    fill(page);
                }
                MemorySegment part = page.memory.asSlice(from, to - from);
                if (part.mismatch(ZEROES.asSlice(0, to - from)) < 0) {
                    return false;
                }
                part.fill((byte) 0);
                page.dropAfterWriteback(false);
                if (!page.isDirty()) {
                    file.markDirty(page, reserved, need);
                }
                return true;
            } finally {
                file.unlock(page);
            }
        }
    }
}
