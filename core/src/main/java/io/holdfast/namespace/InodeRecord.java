package io.holdfast.namespace;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.volume.AttributeChange;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.FileKind;
import io.holdfast.volume.FileStatus;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;

/**
 * What is stored about an inode. On disk, little-endian, {@value #SIZE} bytes:
 *
 * <pre>
 *     0        1       2         4         6         8        12       16        20       24
 *    +--------+-------+---------+---------+---------+--------+--------+---------+--------+
 *    | 1      | kind  | flags   | mode    | 0       | uid    | gid    | links   | 0      |
 *    | version| u8    | u16     | u16     | u16     | u32    | u32    | u32     | u32    |
 *    +--------+-------+---------+---------+---------+--------+--------+---------+--------+
 * 24 | size u64               | parent u64            |
 *    +------------------------+-----------------------+----------------+
 * 40 | seconds since 1970, i64: access, modify, change, birth          |
 *    +-----------------------------------------------------------------+
 * 72 | nanoseconds, u32: access, modify, change, birth                 | 88
 *    +-----------------------------------------------------------------+
 * </pre>
 *
 * Flags: bit 0, data without checksums.
 *
 * @param links number of names; for a directory 2 plus its subdirectories
 * @param size bytes, unsigned; for a symbolic link the length of its target, for a directory 0
 * @param parent for a directory the number of the one that holds it (the root holds itself), else 0
 */
public record InodeRecord(
        FileKind kind,
        int mode,
        int uid,
        int gid,
        int links,
        boolean checksummed,
        long size,
        long parent,
        Instant accessTime,
        Instant modifyTime,
        Instant changeTime,
        Instant birthTime) {
    /** The largest number of links. */
    public static final int LINKS_MAX = Integer.MAX_VALUE;

    /** Bytes of an encoded record. */
    public static final int SIZE = 88;

    static final int MODE_MAX = 07777;

    private static final byte VERSION = 1;
    private static final int FLAG_NO_CHECKSUM = 1;

    static InodeRecord newFile(CreateOptions options, Instant now) {
        return new InodeRecord(
                FileKind.REGULAR,
                options.mode(),
                options.uid(),
                options.gid(),
                1,
                options.checksummed(),
                options.size(),
                0,
                now,
                now,
                now,
                now);
    }

    static InodeRecord newDirectory(long parent, int mode, int uid, int gid, Instant now) {
        return new InodeRecord(FileKind.DIRECTORY, mode, uid, gid, 2, true, 0, parent, now, now, now, now);
    }

    static InodeRecord newSymlink(int targetLength, Instant now) {
        return new InodeRecord(FileKind.SYMLINK, 0777, 0, 0, 1, true, targetLength, 0, now, now, now, now);
    }

    public InodeRecord withSize(long bytes) {
        return new InodeRecord(
                kind, mode, uid, gid, links, checksummed, bytes, parent, accessTime, modifyTime, changeTime, birthTime);
    }

    /** Returns the record after a change of content: modify time and change time are now. */
    public InodeRecord modified(Instant now) {
        return withTimes(accessTime, now, now);
    }

    /** Returns the record after any other change: the change time is now. */
    public InodeRecord changed(Instant now) {
        return withTimes(accessTime, modifyTime, now);
    }

    public InodeRecord withTimes(Instant access, Instant modify, Instant change) {
        return new InodeRecord(
                kind, mode, uid, gid, links, checksummed, size, parent, access, modify, change, birthTime);
    }

    InodeRecord withLinks(int count) {
        return new InodeRecord(
                kind, mode, uid, gid, count, checksummed, size, parent, accessTime, modifyTime, changeTime, birthTime);
    }

    InodeRecord withParent(long directory) {
        return new InodeRecord(
                kind,
                mode,
                uid,
                gid,
                links,
                checksummed,
                size,
                directory,
                accessTime,
                modifyTime,
                changeTime,
                birthTime);
    }

    InodeRecord with(AttributeChange change, Instant now) {
        return new InodeRecord(
                kind,
                change.mode() != null ? change.mode() : mode,
                change.uid() != null ? change.uid() : uid,
                change.gid() != null ? change.gid() : gid,
                links,
                checksummed,
                size,
                parent,
                change.accessTime() != null ? change.accessTime() : accessTime,
                change.modifyTime() != null ? change.modifyTime() : modifyTime,
                now,
                birthTime);
    }

    /** Returns the attributes as the public API has them. */
    public FileStatus status(long inode, long allocatedBytes) {
        return new FileStatus(
                inode,
                kind,
                mode,
                uid,
                gid,
                links,
                size,
                allocatedBytes,
                checksummed,
                accessTime,
                modifyTime,
                changeTime,
                birthTime);
    }

    /** Returns the bytes of the item. */
    public byte[] encode() {
        return ByteBuffer.allocate(SIZE)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(VERSION)
                .put(Kinds.code(kind))
                .putShort((short) (checksummed ? 0 : FLAG_NO_CHECKSUM))
                .putShort((short) mode)
                .putShort((short) 0)
                .putInt(uid)
                .putInt(gid)
                .putInt(links)
                .putInt(0)
                .putLong(size)
                .putLong(parent)
                .putLong(accessTime.getEpochSecond())
                .putLong(modifyTime.getEpochSecond())
                .putLong(changeTime.getEpochSecond())
                .putLong(birthTime.getEpochSecond())
                .putInt(accessTime.getNano())
                .putInt(modifyTime.getNano())
                .putInt(changeTime.getNano())
                .putInt(birthTime.getNano())
                .array();
    }

    /** Returns how many blocks the size spans. */
    public long blocks() {
        return Block.count(size);
    }

    /**
     * Decodes stored bytes, after a check of every field.
     *
     * @param inode for the message
     * @throws HoldfastException {@code DAMAGED} if a field is out of its range
     */
    public static InodeRecord decode(long inode, byte[] value) throws HoldfastException {
        if (value.length != SIZE) {
            throw Damage.inode(inode, "its record has " + value.length + " bytes");
        }
        ByteBuffer in = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN);
        if (in.get(0) != VERSION) {
            throw Damage.inode(inode, "its record has version " + in.get(0));
        }
        FileKind kind = Kinds.of(in.get(1));
        if (kind == null) {
            throw Damage.inode(inode, "its kind is " + in.get(1));
        }
        int flags = in.getShort(2) & 0xffff;
        int mode = in.getShort(4) & 0xffff;
        int links = in.getInt(16);
        if ((flags & ~FLAG_NO_CHECKSUM) != 0 || mode > MODE_MAX || in.getShort(6) != 0 || in.getInt(20) != 0) {
            throw Damage.inode(inode, "flags, mode or a reserved field have unknown bits");
        }
        if (links < 0) {
            throw Damage.inode(inode, "its link count is out of range");
        }
        long size = in.getLong(24);
        long parent = in.getLong(32);
        boolean sizeFits = switch (kind) {
            case REGULAR -> true;
            case DIRECTORY -> size == 0;
            case SYMLINK -> size > 0 && size <= LinkTargets.LENGTH_MAX;
        };
        if (!sizeFits || (kind == FileKind.DIRECTORY ? parent <= 0 : parent != 0)) {
            throw Damage.inode(inode, "its size or parent does not fit its kind");
        }
        return new InodeRecord(
                kind,
                mode,
                in.getInt(8),
                in.getInt(12),
                links,
                (flags & FLAG_NO_CHECKSUM) == 0,
                size,
                parent,
                time(inode, in, 0),
                time(inode, in, 1),
                time(inode, in, 2),
                time(inode, in, 3));
    }

    private static Instant time(long inode, ByteBuffer in, int index) throws HoldfastException {
        long seconds = in.getLong(40 + index * Long.BYTES);
        int nanos = in.getInt(72 + index * Integer.BYTES);
        if (seconds < Instant.MIN.getEpochSecond()
                || seconds > Instant.MAX.getEpochSecond()
                || nanos < 0
                || nanos >= 1_000_000_000) {
            throw Damage.inode(inode, "a time is out of range");
        }
        return Instant.ofEpochSecond(seconds, nanos);
    }
}
