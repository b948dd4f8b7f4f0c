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
 *    16  incompatible features       u64     24  features safe for reading   u64
 *    32  volume UUID                 16
 *    48  label, UTF-8, NUL-padded    64
 *   112  blocks of the volume        u64    120  generation                  u64
 *   128  log2 of the block size      u8     129  log2 of a map entry's size  u8
 *   136  this copy's own block       u64
 *   144  metadata tree root          block, checksum
 *   160  space map root              block, checksum
 *   176  reference count tree root   block, checksum (reserved, zero)
 *   192  log: next record's block    u64    200  its sequence number         u64
 *   208  log id                      u64    216  checksum of the record before it
 *   224  log run: first, end         2 u64  240  spare run: first, end       2 u64
 *   256  allocated blocks            u64    264  unwritten blocks            u64
 *   272  state: 1 closed cleanly     u32
 *  4088  CRC-32C of bytes 0..4087    u64
 * </pre>
 */
public record Superblock(
        int checksumId,
        UUID uuid,
        String label,
        long blocks,
        long generation,
        BlockPointer treeRoot,
        BlockPointer spaceRoot,
        LogPosition log,
        long allocatedBlocks,
        long unwrittenBlocks,
        boolean clean) {
    public static final byte[] MAGIC = "HOLDFAST".getBytes(StandardCharsets.US_ASCII);
    public static final int VERSION = 1;
    public static final int LABEL_BYTES_MAX = 64;
    /** The incompatible features this version knows; reserved bits: 0 compressed runs, 1 reference counts. */
    public static final long INCOMPATIBLE_KNOWN = 0;

    private static final int CHECKSUM_AT = 4088;

    /** Encodes the copy that goes to {@code selfBlock}. */
    public byte[] encode(long selfBlock) {
        byte[] b = new byte[Block.SIZE];
        System.arraycopy(MAGIC, 0, b, 0, MAGIC.length);
        putInt(b, 8, VERSION);
        putInt(b, 12, checksumId);
        putLong(b, 32, uuid.getMostSignificantBits());
        putLong(b, 40, uuid.getLeastSignificantBits());
        byte[] text = label.getBytes(StandardCharsets.UTF_8);
        System.arraycopy(text, 0, b, 48, Math.min(text.length, LABEL_BYTES_MAX));
        putLong(b, 112, blocks);
        putLong(b, 120, generation);
        b[128] = Block.SIZE_LOG2;
        b[129] = MapEntry.SIZE_LOG2;
        putLong(b, 136, selfBlock);
        putPointer(b, 144, treeRoot);
        putPointer(b, 160, spaceRoot);
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
        putInt(b, 272, clean ? 1 : 0);
        putLong(b, CHECKSUM_AT, checksum(b));
        return b;
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
            return e.code() == ErrorCode.NOT_A_VOLUME;
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
        if (getLong(b, CHECKSUM_AT) != checksum(b)) {
            throw damaged(device, block, "its checksum does not match");
        }
        int version = getInt(b, 8);
        if (version != VERSION || getLong(b, 16) != INCOMPATIBLE_KNOWN) {
            throw new HoldfastException(
                    ErrorCode.UNSUPPORTED,
                    "%s: format version %d with features %#x; this Holdfast reads version %d; use a newer one"
                            .formatted(device, version, getLong(b, 16), VERSION));
        }
        int checksumId = getInt(b, 12);
        Checksums.byId(checksumId);
        if (b[128] != Block.SIZE_LOG2 || b[129] != MapEntry.SIZE_LOG2) {
            throw new HoldfastException(
                    ErrorCode.UNSUPPORTED,
                    "%s: block size 2^%d with map entries of 2^%d bytes; this Holdfast reads 2^%d and 2^%d"
                            .formatted(device, b[128], b[129], Block.SIZE_LOG2, MapEntry.SIZE_LOG2));
        }
        if (getLong(b, 136) != block) {
            throw damaged(device, block, "it was written for block " + getLong(b, 136));
        }
        long blocks = getLong(b, 112);
        if (blocks < MIN_BLOCKS || blocks > MAX_BLOCKS) {
            throw damaged(device, block, "a volume of %d blocks cannot be".formatted(blocks));
        }
        long generation = getLong(b, 120);
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
        int state = getInt(b, 272);
        if (state != 0 && state != 1) {
            throw damaged(device, block, "its state is " + state);
        }
        LogPosition log = new LogPosition(
                getLong(b, 192),
                sequence,
                getLong(b, 208),
                getLong(b, 216),
                getLong(b, 224),
                getLong(b, 232),
                getLong(b, 240),
                getLong(b, 248));
        return new Superblock(
                checksumId,
                new UUID(getLong(b, 32), getLong(b, 40)),
                label(b, block, device),
                blocks,
                generation,
                getPointer(b, 144),
                getPointer(b, 160),
                log,
                allocated,
                unwritten,
                state == 1);
    }

    private static String label(byte[] b, long block, String device) throws HoldfastException {
        int end = 48;
        while (end < 48 + LABEL_BYTES_MAX && b[end] != 0) {
            end++;
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(b, 48, end - 48))
                    .toString();
        } catch (CharacterCodingException e) {
            throw damaged(device, block, "its label is not UTF-8");
        }
    }

    /** 2 MiB: the structures need this. Users get no volume smaller than {@link io.holdfast.volume.Volume#MIN_SIZE}. */
    public static final long MIN_BLOCKS = 512;
    /** 2^44 blocks, 64 PiB: this version was designed for no more; a pointer has room for 2^48. */
    public static final long MAX_BLOCKS = 1L << 44;

    /** No volume lives to see as many checkpoints or log records, so their counters never wrap. */
    public static final long COUNTER_MAX = 1L << 62;

    private static HoldfastException damaged(String device, long block, String why) {
        return new HoldfastException(
                ErrorCode.DAMAGED, "%s: superblock in block %d is damaged: %s".formatted(device, block, why));
    }

    private static long checksum(byte[] b) {
        return Checksums.superblock().of(MemorySegment.ofArray(b), 0, CHECKSUM_AT);
    }

    private static void putPointer(byte[] b, int at, BlockPointer pointer) {
        putLong(b, at, pointer.block());
        putLong(b, at + 8, pointer.checksum());
    }

    private static BlockPointer getPointer(byte[] b, int at) {
        return new BlockPointer(getLong(b, at), getLong(b, at + 8));
    }
}
