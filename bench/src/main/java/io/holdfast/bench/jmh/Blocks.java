package io.holdfast.bench.jmh;

import java.util.Random;

/** Content for benchmarks: the same in every run. */
final class Blocks {
    private static final int BLOCK_BYTES = 4096;

    private Blocks() {}

    static byte[] random(int blocks) {
        byte[] bytes = new byte[blocks * BLOCK_BYTES];
        new Random(blocks).nextBytes(bytes);
        return bytes;
    }
}
