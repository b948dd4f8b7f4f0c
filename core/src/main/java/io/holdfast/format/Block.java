package io.holdfast.format;

/**
 * The block: 4096 bytes, the unit of allocation, of checksums and of every device transfer. Blocks of a device and blocks of
 * a file are numbered from 0.
 */
public final class Block {
    public static final int SIZE_LOG2 = 12;
    public static final int SIZE = 1 << SIZE_LOG2;

    private Block() {}

    /** Returns the block that has the byte at an offset, 0 to 2^64-1. */
    public static long at(long offset) {
        return offset >>> SIZE_LOG2;
    }

    /** Returns the offset of a block's first byte. */
    public static long offset(long block) {
        return block << SIZE_LOG2;
    }

    /** Returns how many blocks so many bytes take, 0 to 2^64-1, the last block perhaps in part. */
    public static long count(long bytes) {
        return bytes == 0 ? 0 : at(bytes - 1) + 1;
    }
}
