package io.holdfast.device;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The first and the last MiB of a device, where file systems and the like leave their marks. For a place outside of
 * them, or outside of the device, the answer to every question is no.
 */
final class ProbeWindow {
    private static final int PART_BYTES = 1 << 20;
    private static final int SAMPLE_BYTES = 64 << 10;
    /** A spinning disk moves its arm for each sample, so all of them take some seconds. */
    private static final int SAMPLES = 512;

    private final long bytes;
    private final byte[] head;
    private final byte[] tail;
    private final long tailStart;

    private ProbeWindow(long bytes, byte[] head, byte[] tail, long tailStart) {
        this.bytes = bytes;
        this.head = head;
        this.tail = tail;
        this.tailStart = tailStart;
    }

    static ProbeWindow of(FormattableDevice device) throws HoldfastException {
        long bytes = device.bytes();
        long tailStart = Math.max(0, bytes - PART_BYTES) / Block.SIZE * Block.SIZE;
        return new ProbeWindow(bytes, read(device, 0, PART_BYTES), read(device, tailStart, 2 * PART_BYTES), tailStart);
    }

    private static byte[] read(FormattableDevice device, long start, int length) throws HoldfastException {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment memory = arena.allocate(length, Block.SIZE);
            int count = device.readBytes(start, memory);
            return memory.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE);
        }
    }

    /** Returns the size of the device. */
    long bytes() {
        return bytes;
    }

    /** Returns whether these bytes lie at {@code position}. */
    boolean has(long position, byte[] magic) {
        return isAt(head, position, magic) || isAt(tail, position - tailStart, magic);
    }

    /** Returns whether these ASCII characters lie at {@code position}. */
    boolean has(long position, String magic) {
        return has(position, magic.getBytes(StandardCharsets.US_ASCII));
    }

    /**
     * Returns the little-endian number at a place in the first MiB. Bytes behind that or behind the device count as 0.
     */
    long number(int position, int size) {
        long number = 0;
        for (int i = size - 1; i >= 0; i--) {
            number = number << Byte.SIZE | (position + i < head.length ? head[position + i] & 0xFF : 0);
        }
        return number;
    }

    /** Returns whether both parts have nothing but zeros. */
    boolean isZero() {
        return isZero(head) && isZero(tail);
    }

    /** Returns whether samples, spread evenly between the two parts, have nothing but zeros. */
    boolean isZeroBetween(FormattableDevice device) throws HoldfastException {
        long from = head.length;
        long step = Math.max(SAMPLE_BYTES, (tailStart - from) / SAMPLES / SAMPLE_BYTES * SAMPLE_BYTES);
        for (long at = from; at < tailStart; at += step) {
            if (!isZero(read(device, at, SAMPLE_BYTES))) {
                return false;
            }
        }
        return true;
    }

    private static boolean isAt(byte[] part, long position, byte[] magic) {
        if (position < 0 || position > part.length - magic.length) {
            return false;
        }
        int from = (int) position;
        return Arrays.equals(part, from, from + magic.length, magic, 0, magic.length);
    }

    private static boolean isZero(byte[] part) {
        for (byte b : part) {
            if (b != 0) {
                return false;
            }
        }
        return true;
    }
}
