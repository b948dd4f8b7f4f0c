package io.holdfast.format;

import org.jspecify.annotations.Nullable;

/**
 * The place of a metadata block and the checksum that it must have: 16 bytes on disk, see docs/FORMAT.md.
 *
 * @param block device block; 0 (which holds a superblock) stands for «nothing there»
 * @param checksum the volume's checksum over the 4096 bytes of the block
 */
public record BlockPointer(long block, long checksum) {
    public static final BlockPointer NONE = new BlockPointer(0, 0);

    public boolean isNone() {
        return block == 0;
    }

    /**
     * Reads a pointer: a word of {@link MapEntry} and a checksum.
     *
     * @return null if it is neither none nor a node, or has a bit of a feature that this version does not know
     */
    public static @Nullable BlockPointer decode(byte[] b, int at) {
        long word = LittleEndian.getLong(b, at);
        long checksum = LittleEndian.getLong(b, at + 8);
        if (word == 0) {
            return checksum == 0 ? NONE : null;
        }
        return isNode(b, at) ? new BlockPointer(MapEntry.block(word), checksum) : null;
    }

    /** Returns whether {@link #decode} returns a pointer to a node. */
    public static boolean isNode(byte[] b, int at) {
        long word = LittleEndian.getLong(b, at);
        return MapEntry.isPossible(word) && MapEntry.state(word) == MapEntry.NODE && MapEntry.block(word) != 0;
    }

    public void encode(byte[] b, int at) {
        LittleEndian.putLong(b, at, isNone() ? 0 : MapEntry.word(MapEntry.NODE, block));
        LittleEndian.putLong(b, at + 8, checksum);
    }
}
