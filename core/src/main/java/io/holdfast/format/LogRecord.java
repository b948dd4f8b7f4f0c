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
import java.util.stream.LongStream;

/**
 * The header of a log record: one block, which proves itself and the data blocks it names. Its twin says the same in
 * another block, so that one damaged block hides no record. Twin and data usually lie right behind the header, in the same
 * write. The data stays there.
 *
 * <pre>
 *     0  magic "HFLOGREC"            8
 *     8  log id                      u64   random for each mount, from the superblock or from a mount entry
 *    16  sequence number             u64   one more than the record before
 *    24  durable through             u64   every record up to this one was flushed before this one was written
 *    32  block of the header         u64
 *    40  checksum of the header before it; never that of its twin
 *    48  block of the next header    u64   reserved already
 *    56  log run: first, end         2 u64
 *    72  spare run: first, end       2 u64
 *    88  bytes of entries            u32    92  number of entries            u32
 *    96  the volume's mark           u64   see {@link Superblock#mark}
 *   104  block of the twin           u64
 *   112  block of the next twin      u64   reserved already
 *   120  which copy this is          u64   0 the header, 1 its twin
 *   128  entries, see {@link LogEntries}
 *  4088  checksum of bytes 0..4087   u64   the volume's algorithm
 * </pre>
 *
 * <p>Header and twin differ in bytes 120 to 127 and in their checksums alone. Both decode to the same record.
 *
 * @param volume the mark of the volume
 * @param logId log id of this record; that of {@code next} differs if this record begins a mount
 * @param block of the header
 * @param twin block of its twin
 */
public record LogRecord(
        long volume,
        long logId,
        long sequence,
        long durableThrough,
        long block,
        long twin,
        long previousChecksum,
        LogPosition next,
        List<LogEntry> entries) {
    /** A header and its twin. */
    public static final int COPIES = 2;
    /** Bytes for entries in a header. */
    public static final int ROOM = 3960;
    /** Most data blocks of one record: their extents fit into the header even if no two are neighbours. */
    public static final int DATA_BLOCKS_MAX = ROOM / (LogEntry.Extent.HEAD_BYTES + 8);

    /** Returns how many data blocks, even without neighbours, fit a header beside so many bytes of small changes. */
    public static int dataBlocksBeside(int bytes) {
        return (ROOM - bytes) / (LogEntry.Extent.HEAD_BYTES + 8);
    }

    private static final long MAGIC = 0x4345_5247_4f4c_4648L; // "HFLOGREC", little-endian
    private static final int TWIN_AT = 104;
    private static final int COPY_AT = 120;
    private static final int ENTRIES_AT = 128;
    private static final int CHECKSUM_AT = 4088;

    private static final long HEADER = 0;
    private static final long TWIN = 1;

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
        putLong(b, TWIN_AT, twin);
        putLong(b, 112, next.twin());
        // Entries do not write their reserved bytes.
        Arrays.fill(b, ENTRIES_AT, CHECKSUM_AT, (byte) 0);
        LogEntries.encode(entries, b, ENTRIES_AT);
        become(HEADER, checksum, b);
    }

    /** Turns an encoded header into its twin. */
    public static void becomeTwin(Checksum checksum, byte[] header) {
        become(TWIN, checksum, header);
    }

    private static void become(long copy, Checksum checksum, byte[] b) {
        putLong(b, COPY_AT, copy);
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

    /** Returns the block for which a copy of a header says that it was written. */
    private static long ownBlock(byte[] b) {
        long copy = getLong(b, COPY_AT);
        return copy == HEADER ? getLong(b, 32) : copy == TWIN ? getLong(b, TWIN_AT) : 0;
    }

    /** Returns the checksum that the header has of which this is a whole copy. */
    private static long headerChecksum(byte[] b, Checksum checksum) {
        if (getLong(b, COPY_AT) == HEADER) {
            return checksumOf(b);
        }
        byte[] header = b.clone();
        become(HEADER, checksum, header);
        return checksumOf(header);
    }

    /**
     * Decodes the block if it holds a whole header of a volume, or the twin of one, of whatever mount.
     *
     * @param block where it was read
     * @param volume the mark of the volume
     * @return empty if it is anything else: a torn, old or foreign block
     * @throws HoldfastException {@code DAMAGED} if its checksum matches but it makes no sense; {@code UNSUPPORTED} if it
     *     needs a feature that is not known here
     */
    public static Optional<LogRecord> decode(byte[] b, long block, long volume, Checksum checksum, Layout layout)
            throws HoldfastException {
        if (getLong(b, 0) != MAGIC
                || getLong(b, 96) != volume
                || ownBlock(b) != block
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
        long header = getLong(b, 32);
        long twin = getLong(b, TWIN_AT);
        LogPosition next = new LogPosition(
                getLong(b, 48),
                getLong(b, 112),
                sequence + 1,
                nextLogId(logId, entries, block),
                headerChecksum(b, checksum),
                getLong(b, 56),
                getLong(b, 64),
                getLong(b, 72),
                getLong(b, 80));
        requirePair(header, twin, "a header", layout, block);
        requirePair(next.block(), next.twin(), "the next record", layout, block);
        if (next.runEnd() > layout.blocks() || next.spareEnd() > layout.blocks()) {
            throw LogEntries.damaged(block, "runs behind the end of the volume");
        }
        return Optional.of(
                new LogRecord(volume, logId, sequence, durable, header, twin, getLong(b, 40), next, entries));
    }

    private static void requirePair(long first, long second, String what, Layout layout, long block)
            throws HoldfastException {
        if (!layout.isAllocatable(first) || !layout.isAllocatable(second) || first == second) {
            throw LogEntries.damaged(block, "%s in blocks %d and %d".formatted(what, first, second));
        }
    }

    /** Returns whether this is a mount record: those behind it have another log id. */
    public boolean beginsMount() {
        return entries.stream().anyMatch(LogEntry.Mount.class::isInstance);
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

    /** Returns all blocks of the record besides data: those of header and payload, and of their twins. */
    public long[] ownBlocks() {
        LongStream.Builder blocks = LongStream.builder().add(block).add(twin);
        for (LogEntry entry : entries) {
            if (entry instanceof LogEntry.Payload payload) {
                for (LogEntry.PayloadBlock each : payload.blocks()) {
                    blocks.add(each.block()).add(each.twin());
                }
            }
        }
        return blocks.build().toArray();
    }

    /** Blocks of the largest file: 2^64 bytes. */
    public static final long FILE_BLOCKS_MAX = 1L << 52;
}
