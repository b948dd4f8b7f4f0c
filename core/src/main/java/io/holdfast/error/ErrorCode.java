package io.holdfast.error;

/**
 * What can go wrong, a closed set that doors translate into their own protocol's errors.
 *
 * <p>Each code names the Linux errno that a POSIX door answers with; numbers are those of
 * {@code asm-generic/errno-base.h} and {@code asm-generic/errno.h}.
 */
public enum ErrorCode {
    /** No free block is left for the request. None of it was accepted. */
    NO_SPACE(28, "ENOSPC"),
    /** A NOWAIT request would have had to wait, read, or fall back to a stable copy. */
    WOULD_BLOCK(11, "EAGAIN"),
    /** The volume was opened read-only. */
    READ_ONLY(30, "EROFS"),
    /** An earlier write or flush failed: the volume takes no more writes until it is opened again. */
    FAILED(5, "EIO"),
    /** The device reported an error for this request. */
    DEVICE_ERROR(5, "EIO"),
    /** The host has no space left; nothing was written, and the write may be tried again. */
    HOST_FULL(28, "ENOSPC"),
    /** A block that was read does not match its checksum. */
    CHECKSUM_MISMATCH(5, "EIO"),
    /** A structure of the volume is damaged; the message names the structure and its block. */
    DAMAGED(117, "EUCLEAN"),
    /** The device holds no Holdfast volume. */
    NOT_A_VOLUME(22, "EINVAL"),
    /** The device holds something, and overwriting it was not forced. */
    NOT_EMPTY_DEVICE(17, "EEXIST"),
    /** Another process has the volume open. */
    HELD(16, "EBUSY"),
    /** Another user has the file open, and was not to be cut off. */
    IN_USE(16, "EBUSY"),
    /** The volume has a newer format, or needs a feature that this version lacks. */
    UNSUPPORTED(95, "EOPNOTSUPP"),
    NOT_FOUND(2, "ENOENT"),
    /** An inode number is that of no file, or of one that has no name any more. */
    STALE(116, "ESTALE"),
    EXISTS(17, "EEXIST"),
    NOT_A_DIRECTORY(20, "ENOTDIR"),
    IS_A_DIRECTORY(21, "EISDIR"),
    DIRECTORY_NOT_EMPTY(39, "ENOTEMPTY"),
    NAME_TOO_LONG(36, "ENAMETOOLONG"),
    TOO_MANY_LINKS(31, "EMLINK"),
    TOO_MANY_SYMLINKS(40, "ELOOP"),
    NO_ATTRIBUTE(61, "ENODATA"),
    /** Offset and length reach beyond the largest file size, 2^64 - 1 bytes. */
    FILE_TOO_LARGE(27, "EFBIG"),
    /** A write reaches beyond the end of a file that was opened as a disk, whose size no write changes. */
    BEYOND_END(28, "ENOSPC"),
    /** An argument is out of its documented range. */
    INVALID(22, "EINVAL"),
    /** A bounded pool is exhausted and waiting for it would not help. */
    NO_MEMORY(12, "ENOMEM"),
    /** Somebody has cancelled it. */
    CANCELLED(125, "ECANCELED"),
    /** The file or volume was closed. */
    CLOSED(9, "EBADF");

    private final int errno;
    private final String errnoName;

    ErrorCode(int errno, String errnoName) {
        this.errno = errno;
        this.errnoName = errnoName;
    }

    /** Returns the Linux error number a POSIX door answers with. */
    public int errno() {
        return errno;
    }

    /** Returns the symbolic name of {@link #errno()}. */
    public String errnoName() {
        return errnoName;
    }
}
