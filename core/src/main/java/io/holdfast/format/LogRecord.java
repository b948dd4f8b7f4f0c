package io.holdfast.format;

import static io.holdfast.format.LittleEndian.getInt;
import static io.holdfast.format.LittleEndian.getLong;
import static io.holdfast.format.LittleEndian.putInt;
import static io.holdfast.format.LittleEndian.putLong;

import io.holdfast.checksum.Checksum;
import io.holdfast.error.HoldfastException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The header of a log record: one block, which proves itself and the data blocks it names. The data usually lies right
 * behind it, in the same write, and stays there.
 *
 * <pre>
 *     0  magic "HFLOGREC"            8
 *     8  log id                      u64   random for each mount, from the superblock or from a mount entry
 *    16  sequence number             u64   one more than the record before
 *    24  durable through             u64   every record up to this one was flushed before this one was written
 *    32  this header's own block     u64
 *    40  checksum of the header before it
 *    48  block of the next header    u64   reserved already
 *    56  log run: first, end         2 u64
 *    72  spare run: first, end       2 u64
 *    88  bytes of entries            u32    92  number of entries            u32
 *    96  the volume's mark           u64   see {@link Superblock#mark}
 *   104  entries, see {@link LogEntries}
 *  4088  checksum of bytes 0..4087   u64   the volume's algorithm
 * </pre>
 *
 * @param volume the mark of the volume
 * @param logId log id of this record; that of {@code next} differs if this record begins a mount
 */
public record LogRecord(
        long volume,
        long logId,
        long sequence,
        long durableThrough,
        long block,
        long previousChecksum,
        LogPosition next,
        List<LogEntry> entries) {
    /** Bytes for entries in a header. */
    public static final int ROOM = 3984;
    /** Most data blocks of one record: their extents fit into the header even if no two are neighbours. */
    public static final int DATA_BLOCKS_MAX = ROOM / (LogEntry.Extent.HEAD_BYTES + 8);

    /** Returns how many data blocks, even without neighbours, fit a header beside so many bytes of small changes. */
    public static int dataBlocksBeside(int bytes) {
        return (ROOM - bytes) / (LogEntry.Extent.HEAD_BYTES + 8);
    }

    private static final long MAGIC = 0x4345_5247_4f4c_4648L; // "HFLOGREC", little-endian
    private static final int ENTRIES_AT = 104;
    private static final int CHECKSUM_AT = 4088;

    /** Encodes the header; its checksum is in the last eight bytes, see {@link #checksumOf}. */
    public byte[] encode(Checksum checksum) {
        byte[] b = new byte[Block.SIZE];
        encode(checksum, b);
        return b;
    }

    /** Encodes the header into a block with any content. */
    public void encode(Checksum checksum, byte[] b) {
        putLong(b, 0, MAGIC);
        putLong(b, 8, logId);
        putLong(b, 16, sequence);
        putLong(b, 24, durableThrough);
        putLong(b, 32, block);
        putLong(b, 40, previousChecksum);
        putLong(b, 48, next.block());
        putLong(b, 56, next.runStart());
        putLong(b, 64, next.runEnd());
        putLong(b, 72, next.spareStart());
        putLong(b, 80, next.spareEnd());
        int bytes = LogEntries.bytesOf(entries);
        if (bytes > ROOM) {
            throw new IllegalStateException("entries of %d bytes do not fit a header".formatted(bytes));
        }
        putInt(b, 88, bytes);
        putInt(b, 92, entries.size());
        putLong(b, 96, volume);
        // Entries do not write their reserved bytes.
        Arrays.fill(b, ENTRIES_AT, CHECKSUM_AT, (byte) 0);
        LogEntries.encode(entries, b, ENTRIES_AT);
        putLong(b, CHECKSUM_AT, checksum.of(MemorySegment.ofArray(b), 0, CHECKSUM_AT));
    }

    /** Returns the checksum that an encoded header carries. */
    public static long checksumOf(byte[] header) {
        return getLong(header, CHECKSUM_AT);
    }

    /** Returns the log id in a block, if the block is a header. */
    public static long logIdOf(byte[] header) {
        return getLong(header, 8);
    }

    /**
     * Decodes the block if it holds a whole header of a volume, of whatever mount.
     *
     * @param volume the mark of the volume
     * @return empty if it is anything else: a torn, old or foreign block
     * @throws HoldfastException {@code DAMAGED} if its checksum matches but it makes no sense; {@code UNSUPPORTED} if it
     *     needs a feature that is not known here
     */
    public static Optional<LogRecord> decode(byte[] b, long block, long volume, Checksum checksum, Layout layout)
            throws HoldfastException {
        if (getLong(b, 0) != MAGIC
                || getLong(b, 96) != volume
                || getLong(b, 32) != block
                || getLong(b, CHECKSUM_AT) != checksum.of(MemorySegment.ofArray(b), 0, CHECKSUM_AT)) {
            return Optional.empty();
        }
        int bytes = getInt(b, 88);
        int count = getInt(b, 92);
        if (bytes < 0 || bytes > ROOM || count < 0 || count > bytes) {
            throw LogEntries.damaged(block, "%d entries in %d bytes".formatted(count, bytes));
        }
        List<LogEntry> entries =
                LogEntries.decode(Arrays.copyOfRange(b, ENTRIES_AT, ENTRIES_AT + bytes), block, layout);
        if (entries.size() != count) {
            throw LogEntries.damaged(block, "%d entries where %d are announced".formatted(entries.size(), count));
        }
        long sequence = getLong(b, 16);
        long durable = getLong(b, 24);
        if (sequence < 1 || sequence > Superblock.COUNTER_MAX || durable < 0 || durable >= sequence) {
            throw LogEntries.damaged(block, "record %d, durable through %d".formatted(sequence, durable));
        }
        long logId = getLong(b, 8);
        LogPosition next = new LogPosition(
                getLong(b, 48),
                sequence + 1,
                nextLogId(logId, entries, block),
                checksumOf(b),
                getLong(b, 56),
                getLong(b, 64),
                getLong(b, 72),
                getLong(b, 80));
        if (!layout.isAllocatable(next.block())
                || next.runEnd() > layout.blocks()
                || next.spareEnd() > layout.blocks()) {
            throw LogEntries.damaged(block, "the next record in block " + next.block());
        }
        return Optional.of(new LogRecord(volume, logId, sequence, durable, block, getLong(b, 40), next, entries));
    }

    /** Returns the log id of the records behind: a mount entry, which has a record of its own, says it. */
    private static long nextLogId(long logId, List<LogEntry> entries, long block) throws HoldfastException {
        for (LogEntry entry : entries) {
            if (entry instanceof LogEntry.Mount mount) {
                if (entries.size() > 1) {
                    throw LogEntries.damaged(block, "a mount among other entries");
                }
                return mount.logId();
            }
        }
        return logId;
    }

    /** Blocks of the largest file: 2^64 bytes. */
    public static final long FILE_BLOCKS_MAX = 1L << 52;
}
