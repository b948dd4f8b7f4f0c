package io.holdfast.device;

import io.holdfast.format.Block;
import java.io.IOException;
import java.util.BitSet;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Takes room on the host's file system for a volume file, a chunk of {@value #CHUNK_BLOCKS} blocks at a time, and
 * remembers which chunks have it: {@code fallocate} makes some file systems wait for all direct I/O of the file, so each
 * chunk is asked for once.
 *
 * <p>Invariant: the file has room for every chunk in {@code allocated}. Nothing here gives room back. One bit for each
 * 8 MiB: 256 KiB of memory for 16 TiB.
 */
final class AllocatedChunks {
    static final int CHUNK_BLOCKS = 2048;

    private final BlockFile file;
    private final ReentrantLock lock = new ReentrantLock();
    private final BitSet allocated = new BitSet();

    AllocatedChunks(BlockFile file) {
        this.file = file;
    }

    /** Takes room for these blocks, and for what lies in the same chunks before {@code end}, the file's end in blocks. */
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
                    // Not for the whole chunk; perhaps for what is needed now.
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
