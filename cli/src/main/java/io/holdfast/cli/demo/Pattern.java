package io.holdfast.cli.demo;

import java.nio.ByteBuffer;

/**
 * The content of a version of a block: the block's number, the version, and then bytes computed from the two. So a
 * block shows which version it is, and whether it is whole.
 */
final class Pattern {
    /** Bytes of a block. */
    static final int BLOCK_BYTES = 4096;

    /** A block that holds no version, or a mixture. */
    static final int TORN = -1;

    private static final long GOLDEN = 0x9e3779b97f4a7c15L;

    private Pattern() {}

    /** Puts a version of a block at the buffer's position. Version 0 is a block never written: all zero. */
    static void put(ByteBuffer target, int block, int version) {
        long state = start(block, version);
        target.putInt(block).putInt(version);
        for (int i = 8; i < BLOCK_BYTES; i += 8) {
            state += GOLDEN;
            target.putLong(mix(state));
        }
    }

    /** Takes a block from the buffer and returns which version of {@code block} it is, or {@link #TORN}. */
    static int version(ByteBuffer source, int block) {
        int foundBlock = source.getInt();
        int version = source.getInt();
        boolean written = foundBlock != 0 || version != 0;
        boolean whole = !written || (foundBlock == block && version > 0);
        long state = start(block, version);
        for (int i = 8; i < BLOCK_BYTES; i += 8) {
            state += GOLDEN;
            whole &= source.getLong() == (written ? mix(state) : 0);
        }
        return whole ? version : TORN;
    }

    private static long start(int block, int version) {
        return mix((((long) block << 32) | version) ^ GOLDEN);
    }

    /** The finishing steps of SplitMix64. */
    private static long mix(long value) {
        long z = (value ^ value >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
