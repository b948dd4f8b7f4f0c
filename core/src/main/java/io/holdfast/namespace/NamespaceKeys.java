package io.holdfast.namespace;

import java.nio.ByteBuffer;

/**
 * The keys of the volume's items. Numbers are big-endian, so byte order is numeric order. All items of an inode lie
 * together, by type; a directory's entries lie in byte order of their names.
 *
 * <pre>
 *      0                    8        9
 *     +--------------------+--------+------------------------------------+
 *     | inode u64          | type u8| suffix                             |
 *     +--------------------+--------+------------------------------------+
 *
 *     inode  type            suffix                                value
 *     n      1 inode         -                                     {@link InodeRecord}
 *     n      2 entry         name, 1 to 255 bytes                  inode u64, kind u8
 *     n      3 link target   chunk u16                             1 to 1024 bytes of the target
 *     n      4 attribute     name length u8, name, chunk u8        up to 1024 bytes of (length u32, value)
 *     n      5 block map     (the block map's)                     (the block map's)
 *     0      6 orphan        inode u64                             {@link Orphan}
 *     0      7 high-water    -                                     u64: all inode numbers in use are below
 *     0      8 dead tree     (the block map's)                     (the block map's)
 *     0      9 lost node     (the block map's)                     (the block map's)
 *     0     16 last check    -                                     {@link CheckItem}
 *     0     17 loss          inode u64, or 0                       {@link LossItem}
 * </pre>
 */
public final class NamespaceKeys {
    public static final int INODE = 1;
    public static final int ENTRY = 2;
    public static final int LINK_TARGET = 3;
    public static final int ATTRIBUTE = 4;
    public static final int MAP = 5;
    public static final int ORPHAN = 6;
    public static final int HIGH_WATER = 7;
    /** Subtrees of block maps that were cut off; see {@code io.holdfast.mapping.MapItems}. */
    public static final int DEAD_TREE = 8;
    /** Kept by block maps, as {@link #MAP} and {@link #DEAD_TREE}. */
    public static final int LOST_NODE = 9;

    public static final int LAST_CHECK = 16;
    /** Files whose flushes are refused. */
    public static final int LOSS = 17;

    /** Under this number are the items that belong to the volume and to no inode. */
    public static final long VOLUME = 0;

    /** The root directory. */
    public static final long ROOT = 1;

    static final int PREFIX_SIZE = 9;

    private NamespaceKeys() {}

    /** Returns the key of an inode's record. */
    public static byte[] inode(long inode) {
        return first(inode, INODE);
    }

    /** Returns the key that the items of an inode's block map start with. */
    public static byte[] map(long inode) {
        return first(inode, MAP);
    }

    /** Returns the key of the item that says: this inode has no name any more, and is still to be freed. */
    public static byte[] orphan(long inode) {
        return prefix(VOLUME, ORPHAN, Long.BYTES).putLong(inode).array();
    }

    static byte[] loss(long inode) {
        return prefix(VOLUME, LOSS, Long.BYTES).putLong(inode).array();
    }

    static byte[] entry(long directory, byte[] name) {
        return prefix(directory, ENTRY, name.length).put(name).array();
    }

    static byte[] linkTarget(long inode, int chunk) {
        return prefix(inode, LINK_TARGET, Short.BYTES).putShort((short) chunk).array();
    }

    static byte[] attribute(long inode, byte[] name, int chunk) {
        return prefix(inode, ATTRIBUTE, 2 + name.length)
                .put((byte) name.length)
                .put(name)
                .put((byte) chunk)
                .array();
    }

    /** Returns the least key that an item of this inode and type can have. That of the next type ends a scan. */
    static byte[] first(long inode, int type) {
        return prefix(inode, type, 0).array();
    }

    /** Returns whether a key is one of an inode's items. */
    public static boolean belongsTo(byte[] key, long inode) {
        return key.length >= PREFIX_SIZE && inodeOf(key) == inode;
    }

    /** Returns whether a key begins with the number of an inode. */
    public static boolean hasInode(byte[] key) {
        return key.length >= PREFIX_SIZE;
    }

    public static long inodeOf(byte[] key) {
        return ByteBuffer.wrap(key).getLong();
    }

    static int typeOf(byte[] key) {
        return key[Long.BYTES] & 0xff;
    }

    private static ByteBuffer prefix(long inode, int type, int suffixLength) {
        return ByteBuffer.allocate(PREFIX_SIZE + suffixLength).putLong(inode).put((byte) type);
    }
}
