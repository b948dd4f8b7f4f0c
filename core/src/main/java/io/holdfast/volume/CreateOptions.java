package io.holdfast.volume;

/**
 * Attributes of a new file or directory.
 *
 * @param size size of a new regular file in bytes, unsigned. All of it is a hole. Ignored for a directory
 * @param checksummed false: the file's data has no checksums, so that the device can read direct writes from the
 *     caller's memory ({@link WriteFlag#DIRECT}). Ignored for a directory
 * @param mode permission bits, 0 to 07777
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
