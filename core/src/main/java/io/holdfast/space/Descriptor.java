package io.holdfast.space;

import io.holdfast.format.LittleEndian;

/**
 * The descriptor of a group: 32 bytes.
 *
 * <pre>
 *     0  checksum of the bitmap           u64
 *     8  checksum of the counts           u64   (0: there are none)
 *    16  free blocks                      u16
 *    18  blocks of the longest free run   u16
 *    20  flags                            u16   1 has a bitmap, 2 the bitmap is in its second home;
 *                                               reserved: 4 has counts, 8 counts in the second home, 16 closed
 *    22  0                                u16
 *    24  generation that wrote the bitmap u64
 * </pre>
 *
 * <p>A group without a bitmap is free but for its head; its descriptor is all zero.
 */
record Descriptor(long bitmapChecksum, int free, int longestRun, boolean hasBitmap, int home, long generation) {
    static final int BYTES = 32;
    /** Of a group without a bitmap, as it is stored. */
    static final Descriptor NONE = new Descriptor(0, 0, 0, false, 0, 0);

    private static final int HAS_BITMAP = 1;
    private static final int SECOND_HOME = 2;

    /** Returns whether the bytes at an offset can be a descriptor of a group with so many usable blocks. */
    static boolean isPossible(byte[] b, int at, int usable, long generation) {
        int flags = LittleEndian.getUnsignedShort(b, at + 20);
        if ((flags & HAS_BITMAP) == 0) {
            for (int i = 0; i < BYTES; i++) {
                if (b[at + i] != 0) {
                    return false;
                }
            }
            return true;
        }
        int free = LittleEndian.getUnsignedShort(b, at + 16);
        int longest = LittleEndian.getUnsignedShort(b, at + 18);
        long written = LittleEndian.getLong(b, at + 24);
        return (flags & ~(HAS_BITMAP | SECOND_HOME)) == 0
                && LittleEndian.getLong(b, at + 8) == 0
                && LittleEndian.getUnsignedShort(b, at + 22) == 0
                && free <= usable
                && longest <= free
                && (longest > 0 || free == 0)
                && written >= 1
                && written <= generation;
    }

    /** @param usable free blocks of a group without a bitmap */
    static Descriptor decode(byte[] b, int at, int usable) {
        int flags = LittleEndian.getUnsignedShort(b, at + 20);
        boolean hasBitmap = (flags & HAS_BITMAP) != 0;
        return new Descriptor(
                LittleEndian.getLong(b, at),
                hasBitmap ? LittleEndian.getUnsignedShort(b, at + 16) : usable,
                hasBitmap ? LittleEndian.getUnsignedShort(b, at + 18) : usable,
                hasBitmap,
                (flags & SECOND_HOME) == 0 ? 0 : 1,
                LittleEndian.getLong(b, at + 24));
    }

    void encode(byte[] b, int at) {
        LittleEndian.putLong(b, at, bitmapChecksum);
        LittleEndian.putLong(b, at + 8, 0);
        LittleEndian.putShort(b, at + 16, free);
        LittleEndian.putShort(b, at + 18, longestRun);
        LittleEndian.putShort(b, at + 20, (hasBitmap ? HAS_BITMAP : 0) | (home == 1 ? SECOND_HOME : 0));
        LittleEndian.putShort(b, at + 22, 0);
        LittleEndian.putLong(b, at + 24, generation);
    }
}
