package io.holdfast.checksum;

import java.lang.foreign.MemorySegment;

/**
 * A checksum over a run of bytes, as a 64-bit number. Implementations are stateless and thread-safe.
 *
 * <p>The numbers are part of the on-disk format: {@link Crc32c} zero-extends its 32 bits.
 */
public sealed interface Checksum permits Crc32c, Xxh3 {
    /** Returns the checksum of {@code length} bytes of {@code bytes} from {@code offset} on. */
    long of(MemorySegment bytes, long offset, long length);

    /** Computes the checksums of consecutive blocks of {@code blockBytes}, as many as {@code sums} has room for. */
    default void ofBlocks(MemorySegment bytes, int blockBytes, long[] sums) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] = of(bytes, (long) i * blockBytes, blockBytes);
        }
    }

    /** Returns the checksum of the whole array. */
    default long of(byte[] bytes) {
        return of(MemorySegment.ofArray(bytes), 0, bytes.length);
    }

    /** The number that stands for this algorithm in the superblock. */
    int id();
}
