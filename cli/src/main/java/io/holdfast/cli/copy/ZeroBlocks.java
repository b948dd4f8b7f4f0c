package io.holdfast.cli.copy;

import io.holdfast.volume.Volume;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;

/** Finds the blocks of a buffer that are not all zero, so that the others can stay holes. */
final class ZeroBlocks {
    private static final MemorySegment ZEROES = Arena.global().allocate(Volume.BLOCK_SIZE);

    private ZeroBlocks() {}

    /** Takes a run of blocks. */
    @FunctionalInterface
    interface Run<E extends Exception> {
        void accept(long from, long length) throws E;
    }

    /**
     * Calls {@code run} for each run of blocks with data, as large as possible.
     *
     * @param data begins at the start of a block of the file; the last block may be short
     */
    static <E extends Exception> void forEachRun(MemorySegment data, Run<E> run) throws E {
        long size = data.byteSize();
        long start = -1;
        for (long at = 0; at < size; at += Volume.BLOCK_SIZE) {
            boolean zero = isZero(data.asSlice(at, Math.min(Volume.BLOCK_SIZE, size - at)));
            if (zero && start >= 0) {
                run.accept(start, at - start);
                start = -1;
            } else if (!zero && start < 0) {
                start = at;
            }
        }
        if (start >= 0) {
            run.accept(start, size - start);
        }
    }

    /** Returns where the first block with data begins; empty if there is none. */
    static OptionalLong firstData(MemorySegment data) {
        for (long at = 0; at < data.byteSize(); at += Volume.BLOCK_SIZE) {
            if (!isZero(data.asSlice(at, Math.min(Volume.BLOCK_SIZE, data.byteSize() - at)))) {
                return OptionalLong.of(at);
            }
        }
        return OptionalLong.empty();
    }

    private static boolean isZero(MemorySegment block) {
        return block.mismatch(ZEROES.asSlice(0, block.byteSize())) < 0;
    }
}
