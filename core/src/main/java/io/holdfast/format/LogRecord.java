package io.holdfast.format;

import static io.holdfast.format.LittleEndian.getInt;
import static io.holdfast.format.LittleEndian.getLong;
import static io.holdfast.format.LittleEndian.getUnsignedShort;
import static io.holdfast.format.LittleEndian.putInt;
import static io.holdfast.format.LittleEndian.putLong;
import static io.holdfast.format.LittleEndian.putShort;

import io.holdfast.checksum.Checksum;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The header of a log record: one block, which proves itself and the data blocks it names. The data usually lies right
 * behind it, in the same write, and stays there.
 *
 * <pre>
 *     0  magic "HFLOGREC"            8
 *     8  log id                      u64   random for each mount, from the superblock
 *    16  sequence number             u64   one more than the record before
 *    24  durable through             u64   every record up to this one was flushed before this one was written
 *    32  this header's own block     u64
 *    40  checksum of the header before it
 *    48  block of the next header    u64   reserved already
 *    56  log run: first, end         2 u64
 *    72  spare run: first, end       2 u64
 *    88  bytes of entries            u32    92  number of entries            u32
 *    96  entries
 *  4088  checksum of bytes 0..4087   u64   the volume's algorithm
 *
 *  entries:
 *   extent   1 u8, flags u8 (1 no checksum in the map, 2 not proven), count u16, inode, file block, block 3 u64,
 *            checksums count u64 (none if not proven)
 *   range    2 u8, state u8, 0 u16, inode, first, count 3 u64
 *   item     3 u8, 1 put or 2 remove u8, key length u16, value length u16, key, value
 *   payload  4 u8, 0 u8, blocks u16, bytes u32, then (block, checksum) 2 u64 each
 *   drop     5 u8, 0 3 bytes, inode u64
 * </pre>
 */
public record LogRecord(
        long logId,
        long sequence,
        long durableThrough,
        long block,
        long previousChecksum,
        LogPosition next,
        List<LogEntry> entries) {
    /** Bytes for entries in a header. */
    public static final int ROOM = 3992;
    /** Most data blocks of one record: their extents fit into the header even if no two are neighbours. */
    public static final int DATA_BLOCKS_MAX = ROOM / (LogEntry.Extent.HEAD_BYTES + 8);

    /** Returns how many data blocks, even without neighbours, fit a header beside so many bytes of small changes. */
    public static int dataBlocksBeside(int bytes) {
        return (ROOM - bytes) / (LogEntry.Extent.HEAD_BYTES + 8);
    }

    private static final long MAGIC = 0x4345_5247_4f4c_4648L; // "HFLOGREC", little-endian
    private static final int ENTRIES_AT = 96;
    private static final int CHECKSUM_AT = 4088;
    private static final int EXTENT = 1;
    private static final int RANGE = 2;
    private static final int ITEM = 3;
    private static final int PAYLOAD = 4;
    private static final int DROP = 5;
    private static final int ITEM_PUT = 1;
    private static final int ITEM_REMOVE = 2;
    private static final int FLAG_NO_CHECKSUM = 1;
    private static final int FLAG_UNPROVEN = 2;

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
        int bytes = bytesOf(entries);
        if (bytes > ROOM) {
            throw new IllegalStateException("entries of %d bytes do not fit a header".formatted(bytes));
        }
        putInt(b, 88, bytes);
        putInt(b, 92, entries.size());
        // Entries do not write their reserved bytes.
        Arrays.fill(b, ENTRIES_AT, CHECKSUM_AT, (byte) 0);
        encodeEntries(entries, b, ENTRIES_AT);
        putLong(b, CHECKSUM_AT, checksum.of(MemorySegment.ofArray(b), 0, CHECKSUM_AT));
    }

    /** Returns the checksum that an encoded header carries. */
    public static long checksumOf(byte[] header) {
        return getLong(header, CHECKSUM_AT);
    }

    /**
     * Decodes the block if it holds a whole header of this log.
     *
     * @return empty if it is anything else: a torn, old or foreign block
     * @throws HoldfastException {@code DAMAGED} if its checksum matches but it makes no sense
     */
    public static Optional<LogRecord> decode(byte[] b, long block, long logId, Checksum checksum, Layout layout)
            throws HoldfastException {
        if (getLong(b, 0) != MAGIC
                || getLong(b, 8) != logId
                || getLong(b, 32) != block
                || getLong(b, CHECKSUM_AT) != checksum.of(MemorySegment.ofArray(b), 0, CHECKSUM_AT)) {
            return Optional.empty();
        }
        int bytes = getInt(b, 88);
        int count = getInt(b, 92);
        if (bytes < 0 || bytes > ROOM || count < 0 || count > bytes) {
            throw damaged(block, "%d entries in %d bytes".formatted(count, bytes));
        }
        List<LogEntry> entries = decodeEntries(Arrays.copyOfRange(b, ENTRIES_AT, ENTRIES_AT + bytes), block, layout);
        if (entries.size() != count) {
            throw damaged(block, "%d entries where %d are announced".formatted(entries.size(), count));
        }
        long sequence = getLong(b, 16);
        LogPosition next = new LogPosition(
                getLong(b, 48),
                sequence + 1,
                logId,
                checksumOf(b),
                getLong(b, 56),
                getLong(b, 64),
                getLong(b, 72),
                getLong(b, 80));
        if (!layout.isAllocatable(next.block())
                || next.runEnd() > layout.blocks()
                || next.spareEnd() > layout.blocks()) {
            throw damaged(block, "the next record cannot be in block " + next.block());
        }
        return Optional.of(new LogRecord(logId, sequence, getLong(b, 24), block, getLong(b, 40), next, entries));
    }

    public static byte[] encodeEntries(List<LogEntry> entries) {
        byte[] b = new byte[bytesOf(entries)];
        encodeEntries(entries, b, 0);
        return b;
    }

    private static int bytesOf(List<LogEntry> entries) {
        int bytes = 0;
        for (LogEntry entry : entries) {
            bytes += entry.encodedBytes();
        }
        return bytes;
    }

    private static void encodeEntries(List<LogEntry> entries, byte[] b, int from) {
        int at = from;
        for (LogEntry entry : entries) {
            encodeEntry(b, at, entry);
            at += entry.encodedBytes();
        }
    }

    private static void encodeEntry(byte[] b, int at, LogEntry entry) {
        switch (entry) {
            case LogEntry.Extent e -> {
                b[at] = EXTENT;
                b[at + 1] = (byte) ((e.noChecksum() ? FLAG_NO_CHECKSUM : 0) | (e.proven() ? 0 : FLAG_UNPROVEN));
                putShort(b, at + 2, e.count());
                putLong(b, at + 4, e.inode());
                putLong(b, at + 12, e.fileBlock());
                putLong(b, at + 20, e.block());
                for (int i = 0; i < e.checksums().length; i++) {
                    putLong(b, at + LogEntry.Extent.HEAD_BYTES + 8 * i, e.checksums()[i]);
                }
            }
            case LogEntry.Range r -> {
                b[at] = RANGE;
                b[at + 1] = (byte) r.state();
                putLong(b, at + 4, r.inode());
                putLong(b, at + 12, r.first());
                putLong(b, at + 20, r.count());
            }
            case LogEntry.ItemChange c -> {
                byte[] value = c.item().value();
                byte[] key = c.item().key();
                b[at] = ITEM;
                b[at + 1] = (byte) (value == null ? ITEM_REMOVE : ITEM_PUT);
                putShort(b, at + 2, key.length);
                putShort(b, at + 4, value == null ? 0 : value.length);
                System.arraycopy(key, 0, b, at + 6, key.length);
                if (value != null) {
                    System.arraycopy(value, 0, b, at + 6 + key.length, value.length);
                }
            }
            case LogEntry.Payload p -> {
                b[at] = PAYLOAD;
                putShort(b, at + 2, p.blocks().size());
                putInt(b, at + 4, p.bytes());
                for (int i = 0; i < p.blocks().size(); i++) {
                    p.blocks().get(i).encode(b, at + 8 + 16 * i);
                }
            }
            case LogEntry.Drop d -> {
                b[at] = DROP;
                putLong(b, at + 4, d.inode());
            }
        }
    }

    /** Decodes a run of entries; checks every length and block before it uses them. */
    public static List<LogEntry> decodeEntries(byte[] b, long block, Layout layout) throws HoldfastException {
        List<LogEntry> entries = new ArrayList<>();
        int at = 0;
        while (at < b.length) {
            LogEntry entry = decodeEntry(b, at, block, layout);
            entries.add(entry);
            at += entry.encodedBytes();
        }
        return entries;
    }

    private static LogEntry decodeEntry(byte[] b, int at, long block, Layout layout) throws HoldfastException {
        int left = b.length - at;
        return switch (b[at]) {
            case EXTENT -> decodeExtent(b, at, left, block, layout);
            case RANGE -> decodeRange(b, at, left, block);
            case ITEM -> decodeItem(b, at, left, block);
            case PAYLOAD -> decodePayload(b, at, left, block, layout);
            case DROP -> {
                need(left, 12, block);
                zero(b, at + 1, at + 4, block);
                yield new LogEntry.Drop(getLong(b, at + 4));
            }
            default -> throw damaged(block, "an entry of unknown type " + b[at]);
        };
    }

    private static LogEntry decodeExtent(byte[] b, int at, int left, long block, Layout layout)
            throws HoldfastException {
        need(left, LogEntry.Extent.HEAD_BYTES, block);
        int count = getUnsignedShort(b, at + 2);
        if ((b[at + 1] & ~(FLAG_NO_CHECKSUM | FLAG_UNPROVEN)) != 0) {
            throw damaged(block, "an extent with unknown flags " + b[at + 1]);
        }
        boolean proven = (b[at + 1] & FLAG_UNPROVEN) == 0;
        need(left, LogEntry.Extent.HEAD_BYTES + (proven ? 8 * count : 0), block);
        long data = getLong(b, at + 20);
        long fileBlock = getLong(b, at + 12);
        if (count == 0
                || !layout.isAllocatable(data)
                || !layout.isAllocatable(data + count - 1)
                || fileBlock < 0
                || fileBlock + count > FILE_BLOCKS_MAX) {
            throw damaged(block, "an extent of %d blocks at block %d".formatted(count, data));
        }
        long[] checksums = new long[proven ? count : 0];
        for (int i = 0; i < checksums.length; i++) {
            checksums[i] = getLong(b, at + LogEntry.Extent.HEAD_BYTES + 8 * i);
        }
        return new LogEntry.Extent(
                getLong(b, at + 4), fileBlock, data, count, (b[at + 1] & FLAG_NO_CHECKSUM) != 0, checksums);
    }

    private static LogEntry decodeRange(byte[] b, int at, int left, long block) throws HoldfastException {
        need(left, 28, block);
        zero(b, at + 2, at + 4, block);
        long first = getLong(b, at + 12);
        long count = getLong(b, at + 20);
        int state = b[at + 1];
        if (first < 0
                || count <= 0
                || first > FILE_BLOCKS_MAX - count
                || (state != MapEntry.HOLE && state != MapEntry.UNWRITTEN)) {
            throw damaged(block, "a range of %d blocks at file block %d".formatted(count, first));
        }
        return new LogEntry.Range(getLong(b, at + 4), first, count, state);
    }

    private static LogEntry decodeItem(byte[] b, int at, int left, long block) throws HoldfastException {
        need(left, 6, block);
        int keyLength = getUnsignedShort(b, at + 2);
        int valueLength = getUnsignedShort(b, at + 4);
        need(left, 6 + keyLength + valueLength, block);
        boolean removes = b[at + 1] == ITEM_REMOVE;
        if ((!removes && b[at + 1] != ITEM_PUT)
                || keyLength == 0
                || keyLength > Item.KEY_MAX
                || valueLength > Item.VALUE_MAX
                || (removes && valueLength != 0)) {
            throw damaged(block, "an item with a key of %d bytes".formatted(keyLength));
        }
        byte[] key = Arrays.copyOfRange(b, at + 6, at + 6 + keyLength);
        byte[] value = removes ? null : Arrays.copyOfRange(b, at + 6 + keyLength, at + 6 + keyLength + valueLength);
        return new LogEntry.ItemChange(new Item(key, value));
    }

    private static LogEntry decodePayload(byte[] b, int at, int left, long block, Layout layout)
            throws HoldfastException {
        need(left, 8, block);
        zero(b, at + 1, at + 2, block);
        int count = getUnsignedShort(b, at + 2);
        int bytes = getInt(b, at + 4);
        need(left, 8 + 16 * count, block);
        if (bytes <= 0 || bytes > count * Block.SIZE) {
            throw damaged(block, "a payload of %d bytes in %d blocks".formatted(bytes, count));
        }
        List<BlockPointer> blocks = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            BlockPointer pointer = BlockPointer.decode(b, at + 8 + 16 * i);
            if (pointer == null || !layout.isAllocatable(pointer.block())) {
                throw damaged(block, "a payload in block " + getLong(b, at + 8 + 16 * i));
            }
            blocks.add(pointer);
        }
        return new LogEntry.Payload(bytes, blocks);
    }

    /** Blocks of the largest file: 2^64 bytes. */
    public static final long FILE_BLOCKS_MAX = 1L << 52;

    private static void need(int left, int bytes, long block) throws HoldfastException {
        if (left < bytes) {
            throw damaged(block, "an entry ends behind the record");
        }
    }

    /** Reserved bytes must be 0, so that they may mean something one day. */
    private static void zero(byte[] b, int from, int to, long block) throws HoldfastException {
        for (int i = from; i < to; i++) {
            if (b[i] != 0) {
                throw damaged(block, "an entry whose reserved bytes are not 0");
            }
        }
    }

    private static HoldfastException damaged(long block, String what) {
        return new HoldfastException(
                ErrorCode.DAMAGED, "log record in block %d is damaged: it holds %s".formatted(block, what));
    }
}
