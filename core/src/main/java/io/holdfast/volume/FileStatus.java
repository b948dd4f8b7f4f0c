package io.holdfast.volume;

import java.time.Instant;

/**
 * The attributes of a file, as {@code stat(2)} has them.
 *
 * @param inode number; {@link Inodes} says how long it stays this file's
 * @param mode permission bits only (07777)
 * @param links number of names; for a directory 2 plus its subdirectories
 * @param size bytes, unsigned; for a directory 0, for a symbolic link the length of its target in bytes
 * @param allocatedBytes bytes of data blocks in use: exact as of the last checkpoint, an upper bound after it
 * @param checksummed false for a regular file created without checksums
 */
public record FileStatus(
        long inode,
        FileKind kind,
        int mode,
        int uid,
        int gid,
        int links,
        long size,
        long allocatedBytes,
        boolean checksummed,
        Instant accessTime,
        Instant modifyTime,
        Instant changeTime,
        Instant birthTime) {}
