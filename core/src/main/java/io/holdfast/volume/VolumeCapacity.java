package io.holdfast.volume;

/**
 * What {@code statfs(2)} tells about a volume.
 *
 * @param usage of space, in bytes. Every user can write all of {@link VolumeUsage#free}: nothing is kept back for one
 *     of them
 * @param filesPossible how many more files can be created. A volume has no other bound than its space, so this is an
 *     estimate from the free space, at {@value #BYTES_OF_FILE} bytes of metadata for each file. The volume does not
 *     count the files it has
 * @param nameBytesMax bytes of UTF-8 in a name
 */
public record VolumeCapacity(VolumeUsage usage, long filesPossible, int nameBytesMax) {
    /** Bytes that the record and the name of a file take, in leaves of the tree that are half full. */
    public static final int BYTES_OF_FILE = 512;

    private static final int NAME_BYTES_MAX = 255;

    public static VolumeCapacity of(VolumeUsage usage) {
        return new VolumeCapacity(usage, Math.max(0, usage.free()) / BYTES_OF_FILE, NAME_BYTES_MAX);
    }
}
