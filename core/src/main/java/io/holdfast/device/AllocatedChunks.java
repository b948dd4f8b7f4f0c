package io.holdfast.device;

import io.holdfast.format.Block;
import java.io.IOException;
import java.util.BitSet;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Takes room on the host's file system for a volume file, in chunks of {@value #CHUNK_BLOCKS} blocks, and remembers
 * which chunks have room. On some file systems {@code fallocate} waits for all direct I/O of the file, so this class
 * asks for no chunk again that has its room.
 *
 * <p>Invariant: while the lock is free, the file has room for every chunk in {@code allocated}. The set takes one bit for 8 MiB of
 * the file: 256 KiB of memory for 16 TiB.
 */
final class AllocatedChunks {
    static final int CHUNK_BLOCKS = 2048;

    private final BlockFile file;
    private final ReentrantLock lock = new ReentrantLock();
    private final BitSet allocated = new BitSet();
    private volatile boolean known;

    AllocatedChunks(BlockFile file) {
        this.file = file;
    }

    /** Returns whether {@link #known} was called. */
    boolean isKnown() {
        return known;
    }

    /** Notes that somebody has looked what the file has had from the beginning. */
    void known() {
        known = true;
    }

    /** Notes that the file has room for all blocks from {@code from} up to {@code end}, which is the end of the file. */
    void taken(long from, long end) {
        lock.lock();
        try {
            int first = Math.toIntExact(Math.ceilDiv(from, CHUNK_BLOCKS));
            int last = Math.toIntExact(Math.ceilDiv(end, CHUNK_BLOCKS));
            allocated.set(Math.min(first, last), last);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Gives the room of {@code count} blocks from {@code block} on back. Whoever writes to their chunks next takes the room of a whole
     * chunk again.
     *
     * @return false if the file cannot
     */
    boolean discard(long block, long count) throws IOException {
        lock.lock();
        try {
            // Before: if this fails in the middle, nobody knows what is left.
            allocated.clear(
                    Math.toIntExact(block / CHUNK_BLOCKS), Math.toIntExact((block + count - 1) / CHUNK_BLOCKS) + 1);
            return file.discard(block * Block.SIZE, count * Block.SIZE, false);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes room for {@code count} blocks from {@code block} on, and for the rest of the chunks that they lie in.
     *
     * @param end size of the file in blocks; the last chunk ends there
     * @throws NoRoomException if there is no room even for the blocks themselves
     */
    void allocate(long block, long count, long end) throws IOException {
        int last = Math.toIntExact((block + count - 1) / CHUNK_BLOCKS);
        lock.lock();
        try {
            int chunk = allocated.nextClearBit(Math.toIntExact(block / CHUNK_BLOCKS));
            while (chunk <= last) {
                long first = (long) chunk * CHUNK_BLOCKS;
                long blocks = Math.min(CHUNK_BLOCKS, end - first);
                try {
                    file.allocate(first * Block.SIZE, blocks * Block.SIZE);
                } catch (NoRoomException e) {
                    // There is no room for the whole chunk. There may be some for the blocks themselves.
                    file.allocate(block * Block.SIZE, count * Block.SIZE);
                    return;
                }
                allocated.set(chunk);
                chunk = allocated.nextClearBit(chunk + 1);
            }
        } finally {
            lock.unlock();
        }
    }
}
