package io.holdfast.format;

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
}
