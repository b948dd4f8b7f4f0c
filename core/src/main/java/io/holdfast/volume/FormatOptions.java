package io.holdfast.volume;

/**
 * How to format a device.
 *
 * @param size bytes of the device that the volume uses, rounded down to whole 4 KiB blocks; at least {@link
 *     Volume#MIN_SIZE}. A shorter regular file grows to it (sparse); a block device must have so many. 0 means all of a
 *     block device, and the present size of a regular file
 * @param checksum the algorithm for data and metadata
 * @param force overwrite what looks like a file system, a partition table or a volume
 * @param preallocate take all space of the volume on the host at once, and keep that up when the volume grows; only for a
 *     regular file, and only as good as the host's file system keeps it ({@link Volume#host})
 * @param label free text of at most 64 bytes of UTF-8, shown by {@code info}
 */
public record FormatOptions(long size, ChecksumAlgorithm checksum, boolean force, boolean preallocate, String label) {
    public static FormatOptions ofSize(long size) {
        return new FormatOptions(size, ChecksumAlgorithm.CRC32C, false, false, "");
    }

    public FormatOptions withChecksum(ChecksumAlgorithm algorithm) {
        return new FormatOptions(size, algorithm, force, preallocate, label);
    }

    public FormatOptions withForce(boolean forced) {
        return new FormatOptions(size, checksum, forced, preallocate, label);
    }

    public FormatOptions withPreallocate(boolean taken) {
        return new FormatOptions(size, checksum, force, taken, label);
    }
}
