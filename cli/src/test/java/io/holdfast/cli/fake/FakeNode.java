package io.holdfast.cli.fake;

import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.FileKind;
import io.holdfast.volume.FileStatus;
import io.holdfast.volume.Volume;
import java.time.Instant;
import java.util.TreeMap;

/** A file, directory or symbolic link in memory. Guarded by the volume's lock. */
final class FakeNode {
    final long inode;
    final FileKind kind;
    final boolean checksummed;
    final TreeMap<String, FakeNode> children = new TreeMap<>();
    final TreeMap<Long, byte[]> blocks = new TreeMap<>(Long::compareUnsigned);
    final TreeMap<String, byte[]> xattrs = new TreeMap<>();
    String target = "";
    long size;
    int mode;
    int uid;
    int gid;
    int links = 1;
    Instant accessTime = Instant.parse("2026-01-02T03:04:05.000000006Z");
    Instant modifyTime = accessTime;

    FakeNode(long inode, FileKind kind, CreateOptions options) {
        this.inode = inode;
        this.kind = kind;
        this.checksummed = options.checksummed();
        this.size = kind == FileKind.REGULAR ? options.size() : 0;
        this.mode = options.mode();
        this.uid = options.uid();
        this.gid = options.gid();
    }

    FileStatus status() {
        return new FileStatus(
                inode,
                kind,
                mode,
                uid,
                gid,
                links,
                kind == FileKind.SYMLINK ? target.length() : size,
                (long) blocks.size() * Volume.BLOCK_SIZE,
                checksummed,
                accessTime,
                modifyTime,
                modifyTime,
                Instant.EPOCH);
    }
}
