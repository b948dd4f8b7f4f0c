package io.holdfast.volume;

/**
 * What {@code statfs(2)} tells about a volume.
 *
 * @param usage of space, in bytes. {@link VolumeUsage#free} is what every user can write: nothing is kept back for one of them
 * @param filesPossible how many more files can be created, at {@value #BYTES_OF_FILE} bytes of metadata each: an estimate from
 *     the free space, since a volume has no other bound. How many there are is not counted
 * @param nameBytesMax bytes of UTF-8 in a name
 */
public record VolumeCapacity(VolumeUsage usage, long filesPossible, int nameBytesMax) {
    /** Of the record and the name of a file, in leaves of the tree that are half full. */
    public static final int BYTES_OF_FILE = 512;

    private static final int NAME_BYTES_MAX = 255;

    public static VolumeCapacity of(VolumeUsage usage) {
        return new VolumeCapacity(usage, Math.max(0, usage.free()) / BYTES_OF_FILE, NAME_BYTES_MAX);
    }
}
