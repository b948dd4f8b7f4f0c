package io.holdfast.fuzz;

import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Makes inputs out of others by small random changes; the same for the same seed. Not guided by coverage. */
final class Mutator {
    private static final int CHANGES_MAX = 6;
    private static final long[] EDGES = {
        0,
        1,
        2,
        7,
        8,
        15,
        16,
        127,
        128,
        255,
        256,
        4095,
        4096,
        4097,
        32767,
        32768,
        65535,
        65536,
        Integer.MAX_VALUE,
        1L << 31,
        -1,
        -2,
        -4096,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        1L << 44,
        1L << 52,
        1L << 62
    };

    private final Random random;
    private final int lengthMax;

    Mutator(Random random, int lengthMax) {
        this.random = random;
        this.lengthMax = lengthMax;
    }

    byte[] next(List<byte[]> from) {
        byte[] bytes = from.get(random.nextInt(from.size())).clone();
        int changes = 1 + random.nextInt(CHANGES_MAX);
        for (int i = 0; i < changes; i++) {
            bytes = change(bytes, from);
        }
        return bytes.length <= lengthMax ? bytes : Arrays.copyOf(bytes, lengthMax);
    }

    private byte[] change(byte[] bytes, List<byte[]> from) {
        if (bytes.length == 0) {
            return random(1 + random.nextInt(64));
        }
        int at = place(bytes.length);
        switch (random.nextInt(10)) {
            case 0, 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            case 2 -> bytes[at] = (byte) random.nextInt(256);
            case 3, 4 -> number(bytes, at);
            case 5 -> {
                return splice(bytes, at, 0, random(1 + random.nextInt(16)));
            }
            case 6 -> {
                return splice(bytes, at, 1 + random.nextInt(Math.min(32, bytes.length - at)), new byte[0]);
            }
            case 7 -> {
                return splice(bytes, at, 0, piece(bytes));
            }
            case 8 -> {
                return splice(bytes, at, 0, piece(from.get(random.nextInt(from.size()))));
            }
            default -> {
                byte[] piece = piece(from.get(random.nextInt(from.size())));
                System.arraycopy(piece, 0, bytes, at, Math.min(piece.length, bytes.length - at));
            }
        }
        return bytes;
    }

    /** Returns a place in the bytes; headers are at the front, so that is where half of them are. */
    private int place(int length) {
        return random.nextInt(random.nextBoolean() ? length : Math.min(length, 300));
    }

    /** Writes a number that is an edge for somebody, or one that is near the one that was there. */
    private void number(byte[] bytes, int at) {
        int size = Math.min(1 << random.nextInt(4), bytes.length - at);
        boolean big = random.nextBoolean();
        long value = EDGES[random.nextInt(EDGES.length)];
        if (random.nextBoolean()) {
            value = 0;
            for (int i = 0; i < size; i++) {
                value = value << 8 | bytes[at + (big ? i : size - 1 - i)] & 0xff;
            }
            value += random.nextInt(17) - 8;
        }
        for (int i = 0; i < size; i++) {
            bytes[at + (big ? size - 1 - i : i)] = (byte) (value >>> 8 * i);
        }
    }

    private byte[] piece(byte[] bytes) {
        if (bytes.length == 0) {
            return bytes;
        }
        int from = random.nextInt(bytes.length);
        return Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + 1 + random.nextInt(64)));
    }

    private byte[] random(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] splice(byte[] bytes, int at, int removed, byte[] added) {
        byte[] result = Arrays.copyOf(bytes, bytes.length - removed + added.length);
        System.arraycopy(added, 0, result, at, added.length);
        System.arraycopy(bytes, at + removed, result, at + added.length, bytes.length - at - removed);
        return result;
    }
}
