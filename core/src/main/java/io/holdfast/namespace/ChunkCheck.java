package io.holdfast.namespace;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Checks the chunk sequences of link targets and attributes while their items pass by in key order. Keeps no item.
 *
 * <p>Invariant: {@code prefix} is the key of the present sequence without its chunk number, empty if there is none. So
 * far {@code next} chunks of it have passed, with {@code bytes} bytes in all; {@code sound} if each was the right next
 * one.
 */
final class ChunkCheck {
    private byte[] prefix = {};
    private long expected;
    private int next;
    private long bytes;
    private boolean full;
    private boolean sound;

    /**
     * Returns whether a chunk belongs to the present sequence. If not, the caller must {@link #end} that and {@link
     * #begin} another.
     */
    boolean continues(byte[] key, int numberSize) {
        return prefix.length > 0 && Arrays.equals(prefix, 0, prefix.length, key, 0, key.length - numberSize);
    }

    /**
     * Begins the sequence that a chunk belongs to.
     *
     * @param numberSize bytes of the chunk number at the key's end
     * @param length bytes of all chunks together
     */
    void begin(byte[] key, int numberSize, long length) {
        prefix = Arrays.copyOf(key, key.length - numberSize);
        expected = length;
        next = 0;
        bytes = 0;
        full = true;
        sound = true;
    }

    /** Takes the next chunk of the present sequence. */
    void chunk(byte[] key, byte[] value) {
        int number = 0;
        for (int i = prefix.length; i < key.length; i++) {
            number = (number << 8) | (key[i] & 0xff);
        }
        sound &= number == next && full && (value.length > 0 || next == 0);
        next = number + 1;
        full = value.length == Chunks.SIZE;
        bytes += value.length;
    }

    /** Ends the present sequence, if there is one; returns false if it was not whole. */
    boolean end() {
        boolean whole = prefix.length == 0 || (sound && bytes == expected);
        prefix = new byte[0];
        return whole;
    }

    /** Returns how many bytes all chunks of an attribute must have, as the first one says; -1 if that is impossible. */
    static long attributeBytes(byte[] first) {
        if (first.length < Attributes.LENGTH_SIZE) {
            return -1;
        }
        int length = ByteBuffer.wrap(first).order(ByteOrder.LITTLE_ENDIAN).getInt();
        return length < 0 || length > Attributes.VALUE_MAX ? -1 : (long) Attributes.LENGTH_SIZE + length;
    }
}
