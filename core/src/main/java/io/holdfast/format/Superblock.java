package io.holdfast.format;

import static io.holdfast.format.LittleEndian.getInt;
import static io.holdfast.format.LittleEndian.getLong;
import static io.holdfast.format.LittleEndian.putInt;
import static io.holdfast.format.LittleEndian.putLong;

import io.holdfast.checksum.Checksums;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.UUID;

/**
 * The root of a volume as of one checkpoint.
 *
 * <pre>
 *     0  magic "HOLDFAST"            8
 *     8  format version              u32     12  checksum algorithm          u32
 *    16  incompatible features       u64     24  read-only compatible ones   u64
 *    32  compatible features         u64
 *    40  volume UUID                 16
 *    56  label, UTF-8, NUL-padded    64
 *   120  blocks of the volume        u64    128  generation                  u64
 *   136  this copy's own block       u64
 *   144  log2 of the block size      u8     145  log2 of a map entry's size  u8
 *   146  log2 of a group's blocks    u8     147  1 if a repair wrote it      u8
 *   148  state: 1 closed cleanly     u32
 *   152  0                           u64
 *   160  metadata tree root          word, checksum
 *   176  group table root            word, checksum
 *   192  log: next record's block    u64    200  its sequence number         u64
 *   208  log id                      u64    216  checksum of the record before it
 *   224  log run: first, end         2 u64  240  spare run: first, end       2 u64
 *   256  allocated blocks            u64    264  unwritten blocks            u64
 *   272  bytes of map changes in memory that the log may need to be opened   u64
 *   280  all inode numbers in the metadata tree are below this; 0: not said   u64
 *   288  log: block of the next record's twin                                   u64
 *   296  the other block of the metadata tree's root: its word; none if the tree is empty   u64
 *   304  0                           u64 …
 *   504  CRC-32C of bytes 0..503     u64    512  0                           u64 …
 *  1024  area of later features: devices and their epochs, key slots         3064
 *  4088  CRC-32C of bytes 512..4087  u64
 * </pre>
 *
 * <p>All that differs from one checkpoint to the next is in the first 512 bytes, with a checksum of its own. A device
 * writes a sector whole or not at all. So a crash leaves the superblock of before or the new one, and never a torn one.
 *
 * <p>Words are those of {@link MapEntry}: state «node» and the block, or 0 for none. Bytes 304 to 503 and 512 to 1023 are 0. Bytes from
 * 1024 on belong to features, and are 0 if none is in use; a feature that is compatible may have put something there,
 * which is kept as it is.
 *
 * @param repaired a repair wrote this checkpoint: all that the one before needs is still there. The next superblock of any
 *     kind does not say so
 * @param later bytes 1024 to 4087
 */
public record Superblock(
        int checksumId,
        Features features,
        UUID uuid,
        String label,
        long blocks,
        int groupLog2,
        long generation,
        TreeRoot treeRoot,
        BlockPointer spaceRoot,
        LogPosition log,
        long allocatedBlocks,
        long unwrittenBlocks,
        long changeBytes,
        long inodesBelow,
        boolean clean,
        boolean repaired,
        ByteString later) {
    public static final byte[] MAGIC = "HOLDFAST".getBytes(StandardCharsets.US_ASCII);
    public static final int VERSION = 3;
    public static final int LABEL_BYTES_MAX = 64;

    private static final int LABEL_AT = 56;
    private static final int REPAIRED_AT = 147;
    /** As for the mark in the metadata tree. */
    private static final long INODES_BELOW_END = 1L << 62;

    private static final int COPY_AT = 296;
    private static final int ZERO_AT = 304;
    private static final int FIRST_CHECKSUM_AT = 504;
    private static final int SECTOR = 512;
    private static final int LATER_AT = 1024;
    private static final int CHECKSUM_AT = 4088;

    /** Returns what a feature of a later version finds in a volume that has none: nothing. */
    public static ByteString nothingLater() {
        return ByteString.of(new byte[CHECKSUM_AT - LATER_AT]);
    }

    /** Encodes the copy that goes to {@code selfBlock}. */
    public byte[] encode(long selfBlock) {
        byte[] b = new byte[Block.SIZE];
        System.arraycopy(MAGIC, 0, b, 0, MAGIC.length);
        putInt(b, 8, VERSION);
        putInt(b, 12, checksumId);
        features.encode(b, 16);
        putLong(b, 40, uuid.getMostSignificantBits());
        putLong(b, 48, uuid.getLeastSignificantBits());
        byte[] text = label.getBytes(StandardCharsets.UTF_8);
        System.arraycopy(text, 0, b, LABEL_AT, Math.min(text.length, LABEL_BYTES_MAX));
        putLong(b, 120, blocks);
        putLong(b, 128, generation);
        putLong(b, 136, selfBlock);
        b[144] = Block.SIZE_LOG2;
        b[145] = MapEntry.SIZE_LOG2;
        b[146] = (byte) groupLog2;
        b[REPAIRED_AT] = (byte) (repaired ? 1 : 0);
        putInt(b, 148, clean ? 1 : 0);
        treeRoot.node().encode(b, 160);
        putLong(b, COPY_AT, treeRoot.hasCopy() ? MapEntry.word(MapEntry.NODE, treeRoot.copy()) : 0);
        spaceRoot.encode(b, 176);
        putLong(b, 192, log.block());
        putLong(b, 200, log.sequence());
        putLong(b, 208, log.logId());
        putLong(b, 216, log.previousChecksum());
        putLong(b, 224, log.runStart());
        putLong(b, 232, log.runEnd());
        putLong(b, 240, log.spareStart());
        putLong(b, 248, log.spareEnd());
        putLong(b, 256, allocatedBlocks);
        putLong(b, 264, unwrittenBlocks);
        putLong(b, 272, changeBytes);
        putLong(b, 280, inodesBelow);
        putLong(b, 288, log.twin());
        later.copyTo(b, LATER_AT);
        putChecksums(b);
        return b;
    }

    /** Puts the checksums into an encoded superblock. */
    public static void putChecksums(byte[] b) {
        putLong(b, FIRST_CHECKSUM_AT, checksum(b, 0, FIRST_CHECKSUM_AT));
        putLong(b, CHECKSUM_AT, checksum(b, SECTOR, CHECKSUM_AT));
    }

    /** Returns whether the block begins like a superblock, whatever its state. */
    public static boolean hasMagic(byte[] b) {
        return Arrays.equals(b, 0, MAGIC.length, MAGIC, 0, MAGIC.length);
    }

    /** Returns whether a block can be decoded, or has no magic number at all. */
    public static boolean isSound(byte[] b, long block, String device) {
        try {
            return decode(b, block, device) != null;
        } catch (HoldfastException e) {
            return e.code() == ErrorCode.NOT_A_VOLUME || e.code() == ErrorCode.UNSUPPORTED;
        }
    }

    /**
     * Decodes and checks a superblock read from {@code block}.
     *
     * @throws HoldfastException {@code NOT_A_VOLUME} without the magic, {@code DAMAGED}, {@code UNSUPPORTED}
     */
    public static Superblock decode(byte[] b, long block, String device) throws HoldfastException {
        if (!hasMagic(b)) {
            throw new HoldfastException(
                    ErrorCode.NOT_A_VOLUME, "%s: superblock: block %d has no superblock".formatted(device, block));
        }
        if (getLong(b, FIRST_CHECKSUM_AT) != checksum(b, 0, FIRST_CHECKSUM_AT)
                || getLong(b, CHECKSUM_AT) != checksum(b, SECTOR, CHECKSUM_AT)) {
            throw damaged(device, block, "its checksum does not match");
        }
        requireKnown(b, device);
        int checksumId = getInt(b, 12);
        Checksums.byId(checksumId);
        if (getLong(b, 136) != block) {
            throw damaged(device, block, "it was written for block " + getLong(b, 136));
        }
        long blocks = getLong(b, 120);
        if (blocks < minBlocks(b[146]) || blocks > MAX_BLOCKS) {
            throw damaged(device, block, "a volume of %d blocks cannot be".formatted(blocks));
        }
        long generation = getLong(b, 128);
        long sequence = getLong(b, 200);
        if (generation < 1 || generation > COUNTER_MAX || sequence < 1 || sequence > COUNTER_MAX) {
            throw damaged(
                    device, block, "it cannot be of generation %d with log record %d".formatted(generation, sequence));
        }
        long allocated = getLong(b, 256);
        long unwritten = getLong(b, 264);
        if (allocated < 0 || allocated > blocks || unwritten < 0 || unwritten > blocks) {
            throw damaged(
                    device,
                    block,
                    "it counts %d allocated and %d unwritten blocks of %d".formatted(allocated, unwritten, blocks));
        }
        int state = getInt(b, 148);
        if (state != 0 && state != 1) {
            throw damaged(device, block, "its state is " + state);
        }
        long changeBytes = getLong(b, 272);
        long inodesBelow = getLong(b, 280);
        if (changeBytes < 0
                || (inodesBelow != 0 && (inodesBelow < 2 || inodesBelow >= INODES_BELOW_END))
                || (b[REPAIRED_AT] & ~1) != 0
                || getLong(b, 152) != 0
                || !isZero(b, ZERO_AT, FIRST_CHECKSUM_AT)
                || !isZero(b, SECTOR, LATER_AT)) {
            throw damaged(device, block, "it has something where nothing can be");
        }
        Features features = Features.decode(b, 16);
        if (features.needNoBytes() && !isZero(b, LATER_AT, CHECKSUM_AT)) {
            throw damaged(device, block, "it has something of a feature and uses none");
        }
        LogPosition log = new LogPosition(
                getLong(b, 192),
                getLong(b, 288),
                sequence,
                getLong(b, 208),
                getLong(b, 216),
                getLong(b, 224),
                getLong(b, 232),
                getLong(b, 240),
                getLong(b, 248));
        return new Superblock(
                checksumId,
                features,
                new UUID(getLong(b, 40), getLong(b, 48)),
                label(b, block, device),
                blocks,
                b[146],
                generation,
                treeRoot(b, block, device),
                root(b, 176, block, device),
                log,
                allocated,
                unwritten,
                changeBytes,
                inodesBelow,
                state == 1,
                b[REPAIRED_AT] == 1,
                ByteString.of(Arrays.copyOfRange(b, LATER_AT, CHECKSUM_AT)));
    }

    /** Refuses what this version cannot read: it may mean anything. */
    private static void requireKnown(byte[] b, String device) throws HoldfastException {
        int version = getInt(b, 8);
        if (version >= 1 && version < VERSION) {
            throw new HoldfastException(
                    ErrorCode.UNSUPPORTED,
                    "%s: format version %d was never released, and this Holdfast reads version %d; export its disks with the Holdfast that made it, and import them into a new volume"
                            .formatted(device, version, VERSION));
        }
        if (version != VERSION) {
            throw new HoldfastException(
                    ErrorCode.UNSUPPORTED,
                    "%s: format version %d; this Holdfast reads version %d; use a newer one"
                            .formatted(device, version, VERSION));
        }
        Features features = Features.decode(b, 16);
        if (!features.canRead()) {
            throw new HoldfastException(
                    ErrorCode.UNSUPPORTED,
                    "%s: this volume uses %s, which this Holdfast does not know; use a newer one"
                            .formatted(device, features.unreadable()));
        }
        if (b[144] != Block.SIZE_LOG2 || b[145] != MapEntry.SIZE_LOG2 || !Layout.isGroupLog2(b[146])) {
            throw new HoldfastException(
                    ErrorCode.UNSUPPORTED,
                    "%s: block size 2^%d with map entries of 2^%d bytes and groups of 2^%d blocks; this Holdfast reads 2^%d, 2^%d and 2^%d"
                            .formatted(
                                    device,
                                    b[144],
                                    b[145],
                                    b[146],
                                    Block.SIZE_LOG2,
                                    MapEntry.SIZE_LOG2,
                                    Layout.GROUP_LOG2));
        }
    }

    private static BlockPointer root(byte[] b, int at, long block, String device) throws HoldfastException {
        BlockPointer root = BlockPointer.decode(b, at);
        if (root == null) {
            throw damaged(device, block, "a root of it points to no node");
        }
        return root;
    }

    private static TreeRoot treeRoot(byte[] b, long block, String device) throws HoldfastException {
        BlockPointer node = root(b, 160, block, device);
        long word = getLong(b, COPY_AT);
        boolean isNode = BlockPointer.isNode(b, COPY_AT);
        if (node.isNone() ? word != 0 : !isNode || MapEntry.block(word) == node.block()) {
            throw damaged(device, block, "the root of the metadata tree has no copy");
        }
        return new TreeRoot(node, MapEntry.block(word));
    }

    private static boolean isZero(byte[] b, int from, int to) {
        for (int i = from; i < to; i++) {
            if (b[i] != 0) {
                return false;
            }
        }
        return true;
    }

    private static String label(byte[] b, long block, String device) throws HoldfastException {
        int end = LABEL_AT;
        while (end < LABEL_AT + LABEL_BYTES_MAX && b[end] != 0) {
            end++;
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(b, LABEL_AT, end - LABEL_AT))
                    .toString();
        } catch (CharacterCodingException e) {
            throw damaged(device, block, "its label is not UTF-8");
        }
    }

    /** Returns the superblock of the next checkpoint. */
    public Superblock next(
            TreeRoot newTreeRoot,
            BlockPointer newSpaceRoot,
            LogPosition newLog,
            long newAllocated,
            long newUnwritten,
            long newChangeBytes,
            boolean newClean) {
        return new Superblock(
                checksumId,
                features,
                uuid,
                label,
                blocks,
                groupLog2,
                generation + 1,
                newTreeRoot,
                newSpaceRoot,
                newLog,
                newAllocated,
                newUnwritten,
                newChangeBytes,
                inodesBelow,
                newClean,
                false,
                later);
    }

    /** Returns this superblock with other features. */
    public Superblock withFeatures(Features newFeatures) {
        return with(newFeatures, blocks, inodesBelow);
    }

    /** Returns this superblock for a tree in which all inode numbers are below another one. */
    public Superblock withInodesBelow(long newInodesBelow) {
        return with(features, blocks, newInodesBelow);
    }

    /** Returns the superblock of a volume that was closed and is opened now: its log begins anew. */
    public Superblock opened(LogPosition newLog, long newChangeBytes) {
        return next(treeRoot, spaceRoot, newLog, allocatedBlocks, unwrittenBlocks, newChangeBytes, false);
    }

    /** Returns this superblock for a volume with another number of blocks. */
    public Superblock withBlocks(long newBlocks) {
        return with(features, newBlocks, inodesBelow);
    }

    private Superblock with(Features newFeatures, long newBlocks, long newInodesBelow) {
        return new Superblock(
                checksumId,
                newFeatures,
                uuid,
                label,
                newBlocks,
                groupLog2,
                generation,
                treeRoot,
                spaceRoot,
                log,
                allocatedBlocks,
                unwrittenBlocks,
                changeBytes,
                newInodesBelow,
                clean,
                repaired,
                later);
    }

    /** Returns this superblock with other counts of allocated and unwritten blocks. */
    public Superblock withCounts(long allocated, long unwritten) {
        return with(generation, allocated, unwritten, repaired);
    }

    /** Returns this superblock as a repair writes it. */
    public Superblock asRepaired() {
        return with(generation, allocatedBlocks, unwrittenBlocks, true);
    }

    /** Returns the superblock that goes back to this one, after that of a repair. */
    public Superblock after(Superblock repair) {
        return with(repair.generation + 1, allocatedBlocks, unwrittenBlocks, false);
    }

    private Superblock with(long newGeneration, long allocated, long unwritten, boolean isRepaired) {
        return new Superblock(
                checksumId,
                features,
                uuid,
                label,
                blocks,
                groupLog2,
                newGeneration,
                treeRoot,
                spaceRoot,
                log,
                allocated,
                unwritten,
                changeBytes,
                inodesBelow,
                clean,
                isRepaired,
                later);
    }

    /** Returns how many blocks a volume has at least. */
    public static long minBlocks(int groupLog2) {
        return groupLog2 == Layout.GROUP_LOG2 ? MIN_BLOCKS_OF_USERS : MIN_BLOCKS;
    }

    /** Returns what the records of the volume's log have of its UUID, so that those of another volume are not taken. */
    public long mark() {
        return uuid.getLeastSignificantBits();
    }

    /** Returns where the fixed structures of the volume are. */
    public Layout layout() {
        return new Layout(blocks, groupLog2);
    }

    /** The least that a volume with the smallest groups has. */
    public static final long MIN_BLOCKS = 512;

    /** The least that every other volume has: 16 MiB. */
    private static final long MIN_BLOCKS_OF_USERS = 4096;
    /** 2^44 blocks, 64 PiB: a block number has 44 bits. */
    public static final long MAX_BLOCKS = 1L << 44;

    /** No volume lives to see as many checkpoints or log records, so their counters never wrap. */
    public static final long COUNTER_MAX = 1L << 62;

    private static HoldfastException damaged(String device, long block, String why) {
        return new HoldfastException(
                ErrorCode.DAMAGED, "%s: superblock in block %d is damaged: %s".formatted(device, block, why));
    }

    private static long checksum(byte[] b, int from, int to) {
        return Checksums.superblock().of(MemorySegment.ofArray(b), from, to - from);
    }
}
