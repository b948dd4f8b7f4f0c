package io.holdfast.file;

import io.holdfast.device.DeviceChecks;
import io.holdfast.format.Block;
import io.holdfast.log.DataBatch;
import io.holdfast.volume.WritePiece;
import java.lang.foreign.MemorySegment;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whole blocks in callers' memory: one or more runs, in ascending order of the file's blocks, none twice. One count of
 * blocks runs through all of them, from 0 on.
 */
final class SealedSource {
    /** The file's block that each run begins with. */
    private final long[] firsts;
    /** How many blocks there are before each run, and in all. */
    private final int[] starts;

    private final MemorySegment[] sources;

    private SealedSource(List<WritePiece> ascending) {
        int runs = ascending.size();
        firsts = new long[runs];
        starts = new int[runs + 1];
        sources = new MemorySegment[runs];
        for (int i = 0; i < runs; i++) {
            WritePiece piece = ascending.get(i);
            firsts[i] = FileData.blockOf(piece.offset());
            starts[i + 1] = starts[i] + (int) (piece.source().byteSize() / Block.SIZE);
            sources[i] = piece.source();
        }
    }

    /** Returns a run of whole blocks. */
    static SealedSource of(long offset, MemorySegment source) {
        return new SealedSource(List.of(new WritePiece(offset, source)));
    }

    /** Returns the pieces; null if they are not of whole blocks, overlap, or are more than {@code blocksMax}. */
    static @Nullable SealedSource of(List<WritePiece> pieces, int blocksMax) {
        List<WritePiece> ascending = pieces.stream()
                .sorted(Comparator.comparingLong(WritePiece::offset))
                .toList();
        long left = (long) blocksMax * Block.SIZE;
        long end = 0;
        for (WritePiece piece : ascending) {
            long length = piece.source().byteSize();
            left -= length;
            if (piece.offset() < end
                    || left < 0
                    || length == 0
                    || FileData.within(piece.offset()) != 0
                    || length % Block.SIZE != 0
                    || piece.offset() > Long.MAX_VALUE - length) {
                return null;
            }
            end = piece.offset() + length;
        }
        return ascending.isEmpty() ? null : new SealedSource(ascending);
    }

    int blocks() {
        return starts[sources.length];
    }

    /** Returns the last of the file's blocks. */
    long last() {
        return firsts[sources.length - 1] + blocks() - starts[sources.length - 1] - 1;
    }

    /** Returns whether it is one run, which any thread may read. */
    boolean isOneShared() {
        return sources.length == 1 && DeviceChecks.shared(sources[0]);
    }

    /** Copies {@code count} blocks from block {@code from} on. */
    void copyTo(DataBatch batch, int from, int count) {
        int run = 0;
        for (int i = from; i < from + count; i++) {
            while (i >= starts[run + 1]) {
                run++;
            }
            int within = i - starts[run];
            batch.add(firsts[run] + within, sources[run], (long) within * Block.SIZE);
        }
    }
}
