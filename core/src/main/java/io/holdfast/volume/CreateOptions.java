package io.holdfast.volume;

/**
 * Attributes of a new file or directory.
 *
 * @param size logical size of a new regular file in bytes, unsigned, all of it a hole; ignored for a directory
 * @param checksummed false gives up the checksums of this file's data for zero-copy direct writes
 * @param mode permission bits (07777)
 */
public record CreateOptions(long size, boolean checksummed, int mode, int uid, int gid) {
    public static CreateOptions file() {
        return new CreateOptions(0, true, 0644, 0, 0);
    }

    public static CreateOptions directory() {
        return new CreateOptions(0, true, 0755, 0, 0);
    }

    public CreateOptions withSize(long bytes) {
        return new CreateOptions(bytes, checksummed, mode, uid, gid);
    }

    public CreateOptions withoutChecksum() {
        return new CreateOptions(size, false, mode, uid, gid);
    }

    public CreateOptions withMode(int bits) {
        return new CreateOptions(size, checksummed, bits, uid, gid);
    }
}
