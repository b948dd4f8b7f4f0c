package io.holdfast.cli.control;

import io.holdfast.volume.CreateOptions;
import java.time.Instant;
import java.util.Optional;

/** The operations of {@link io.holdfast.volume.Inodes}, with its names and meanings: files by inode number. */
sealed interface InodeRequest extends Request {
    record Lookup(long directory, String name) implements InodeRequest {}

    record Status(long inode) implements InodeRequest {}

    record Parent(long directory) implements InodeRequest {}

    record SetAttributes(
            long inode,
            Optional<Integer> mode,
            Optional<Integer> uid,
            Optional<Integer> gid,
            Optional<Instant> accessTime,
            Optional<Instant> modifyTime)
            implements InodeRequest {}

    record ReadLink(long inode) implements InodeRequest {}

    /** Answered with {@link VolumeRequest.OpenedFile}. */
    record Open(long inode) implements InodeRequest {}

    /** At most {@link VolumeRequest.List#ENTRIES_MAX} entries are answered, whatever the limit. */
    record List(long directory, String after, int limit) implements InodeRequest {}

    /** Answered with {@link VolumeRequest.OpenedFile}. */
    record Create(long directory, String name, CreateOptions options) implements InodeRequest {}

    record Mkdir(long directory, String name, CreateOptions options) implements InodeRequest {}

    record Symlink(long directory, String name, String target) implements InodeRequest {}

    record Link(long inode, long directory, String name) implements InodeRequest {}

    record Rename(long fromDirectory, String from, long toDirectory, String to) implements InodeRequest {}

    record Remove(long directory, String name) implements InodeRequest {}

    /** The value is the frame's data. */
    record SetXattr(long inode, String name) implements InodeRequest {}

    /** The value is the reply's data. */
    record GetXattr(long inode, String name) implements InodeRequest {}

    record ListXattrs(long inode) implements InodeRequest {}

    record RemoveXattr(long inode, String name) implements InodeRequest {}

    record FlushDirectory(long directory) implements InodeRequest {}

    record Capacity() implements InodeRequest {}
}
