package io.holdfast.format;

import static io.holdfast.format.LittleEndian.getInt;
import static io.holdfast.format.LittleEndian.getLong;
import static io.holdfast.format.LittleEndian.getUnsignedShort;
import static io.holdfast.format.LittleEndian.putInt;
import static io.holdfast.format.LittleEndian.putLong;
import static io.holdfast.format.LittleEndian.putShort;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How the entries of log records lie side by side: in a header, or in the blocks of a payload. Each begins with its kind
 * (u8), flags (u8), and its length in bytes (u16).
 *
 * <pre>
 *   1 extent   flags: 1 no checksum in the map, 2 not proven (4, moved: reserved); inode u64, file block u64,
 *              word u64 (bits 0-43 block, bits 44-59 blocks less one), checksums u64 each (none if not proven)
 *   2 range    flags: 0 hole, 1 unwritten; inode, first block, count 3 u64
 *   3 item     flags: 1 put, 2 remove; key length u16, key, value
 *   4 payload  bytes u32, then for each block its word, its twin's word, and the checksum of both 3 u64
 *   5 drop     inode u64
 *   6 mount    log id of the records behind u64, bytes of changes u64
 *   7 close
 *   8 clone    inode u64, inode of the new file u64
 *   9 share    source inode, first block, target inode, first block, count 5 u64
 *  10 cut      id of the snapshot u64
 * </pre>
 *
 * <p>Kinds 8 to 10 and flag 4 of an extent belong to features that are not in use: they are refused. An entry that is
 * accepted encodes to the same bytes.
 */
public final class LogEntries {
    private static final int EXTENT = 1;
    private static final int RANGE = 2;
    private static final int ITEM = 3;
    private static final int PAYLOAD = 4;
    private static final int DROP = 5;
    private static final int MOUNT = 6;
    private static final int CLOSE = 7;
    private static final int CLONE = 8;
    private static final int SHARE = 9;
    private static final int CUT = 10;

    private static final int FLAG_NO_CHECKSUM = 1;
    private static final int FLAG_UNPROVEN = 2;
    private static final int FLAG_MOVED = 4;
    private static final int ITEM_PUT = 1;
    private static final int ITEM_REMOVE = 2;

    private static final int COUNT_SHIFT = 44;
    private static final long BLOCK_MASK = (1L << COUNT_SHIFT) - 1;

    private LogEntries() {}

    public static byte[] encode(List<LogEntry> entries) {
        byte[] b = new byte[bytesOf(entries)];
        encode(entries, b, 0);
        return b;
    }

    static int bytesOf(List<LogEntry> entries) {
        int bytes = 0;
        for (LogEntry entry : entries) {
            bytes += entry.encodedBytes();
        }
        return bytes;
    }

    static void encode(List<LogEntry> entries, byte[] b, int from) {
        int at = from;
        for (LogEntry entry : entries) {
            encode(entry, b, at);
            at += entry.encodedBytes();
        }
    }

    private static void encode(LogEntry entry, byte[] b, int at) {
        switch (entry) {
            case LogEntry.Extent e -> {
                int flags = (e.noChecksum() ? FLAG_NO_CHECKSUM : 0) | (e.proven() ? 0 : FLAG_UNPROVEN);
                head(b, at, EXTENT, flags, entry);
                putLong(b, at + 4, e.inode());
                putLong(b, at + 12, e.fileBlock());
                putLong(b, at + 20, e.block() | (long) (e.count() - 1) << COUNT_SHIFT);
                for (int i = 0; i < e.checksums().length; i++) {
                    putLong(b, at + LogEntry.Extent.HEAD_BYTES + 8 * i, e.checksums()[i]);
                }
            }
            case LogEntry.Range r -> {
                head(b, at, RANGE, r.state(), entry);
                putLong(b, at + 4, r.inode());
                putLong(b, at + 12, r.first());
                putLong(b, at + 20, r.count());
            }
            case LogEntry.ItemChange c -> {
                byte[] value = c.item().value();
                byte[] key = c.item().key();
                head(b, at, ITEM, value == null ? ITEM_REMOVE : ITEM_PUT, entry);
                putShort(b, at + 4, key.length);
                System.arraycopy(key, 0, b, at + 6, key.length);
                if (value != null) {
                    System.arraycopy(value, 0, b, at + 6 + key.length, value.length);
                }
            }
            case LogEntry.Payload p -> {
                head(b, at, PAYLOAD, 0, entry);
                putInt(b, at + 4, p.bytes());
                for (int i = 0; i < p.blocks().size(); i++) {
                    encode(p.blocks().get(i), b, at + 8 + LogEntry.PayloadBlock.BYTES * i);
                }
            }
            case LogEntry.Drop d -> {
                head(b, at, DROP, 0, entry);
                putLong(b, at + 4, d.inode());
            }
            case LogEntry.Mount m -> {
                head(b, at, MOUNT, 0, entry);
                putLong(b, at + 4, m.logId());
                putLong(b, at + 12, m.changeBytes());
            }
            case LogEntry.Close _ -> head(b, at, CLOSE, 0, entry);
        }
    }

    private static void encode(LogEntry.PayloadBlock block, byte[] b, int at) {
        putLong(b, at, MapEntry.word(MapEntry.NODE, block.block()));
        putLong(b, at + 8, MapEntry.word(MapEntry.NODE, block.twin()));
        putLong(b, at + 16, block.checksum());
    }

    private static void head(byte[] b, int at, int kind, int flags, LogEntry entry) {
        b[at] = (byte) kind;
        b[at + 1] = (byte) flags;
        putShort(b, at + 2, entry.encodedBytes());
    }

    // ---- decoding ----

    /** One entry that is being decoded. Its length was checked: {@code at + length} is within {@code b}. */
    private record Raw(byte[] b, int at, int length, long record) {
        int flags() {
            return b[at + 1] & 0xff;
        }

        long word(int offset) {
            return getLong(b, at + offset);
        }

        /** Formats the message only if it is needed: a recovery decodes millions of entries. */
        void require(boolean holds, String format, long number) throws HoldfastException {
            if (!holds) {
                throw damaged(record, format.formatted(number));
            }
        }

        void require(boolean holds, String format, long first, long second) throws HoldfastException {
            if (!holds) {
                throw damaged(record, format.formatted(first, second));
            }
        }

        void requireLength(int bytes, String what) throws HoldfastException {
            if (length != bytes) {
                throw damaged(record, "%s of %d bytes".formatted(what, length));
            }
        }

        void requireNoFlags(String what) throws HoldfastException {
            if (flags() != 0) {
                throw damaged(record, "%s with unknown flags %d".formatted(what, flags()));
            }
        }
    }

    /**
     * Decodes a run of entries; checks every length and block before it uses them.
     *
     * @param record block of the record's header, for messages
     * @throws HoldfastException {@code DAMAGED} if an entry makes no sense; {@code UNSUPPORTED} if it needs a feature that
     *     is not known here
     */
    public static List<LogEntry> decode(byte[] b, long record, Layout layout) throws HoldfastException {
        List<LogEntry> entries = new ArrayList<>();
        int at = 0;
        while (at < b.length) {
            int length = b.length - at < LogEntry.HEAD_BYTES ? 0 : getUnsignedShort(b, at + 2);
            if (length < LogEntry.HEAD_BYTES || length > b.length - at) {
                throw damaged(record, "an entry that ends behind the record");
            }
            entries.add(decode(new Raw(b, at, length, record), layout));
            at += length;
        }
        return entries;
    }

    private static LogEntry decode(Raw raw, Layout layout) throws HoldfastException {
        int kind = raw.b[raw.at] & 0xff;
        return switch (kind) {
            case EXTENT -> extent(raw, layout);
            case RANGE -> range(raw);
            case ITEM -> item(raw);
            case PAYLOAD -> payload(raw, layout);
            case DROP -> {
                raw.requireLength(12, "a drop");
                raw.requireNoFlags("a drop");
                yield new LogEntry.Drop(raw.word(4));
            }
            case MOUNT -> {
                raw.requireLength(20, "a mount");
                raw.requireNoFlags("a mount");
                raw.require(raw.word(12) >= 0, "a mount with changes of %d bytes", raw.word(12));
                yield new LogEntry.Mount(raw.word(4), raw.word(12));
            }
            case CLOSE -> {
                raw.requireLength(LogEntry.HEAD_BYTES, "a close");
                raw.requireNoFlags("a close");
                yield new LogEntry.Close();
            }
            case CLONE, SHARE, CUT -> throw unsupported(raw.record, "clones or snapshots");
            default -> throw damaged(raw.record, "an entry of unknown kind " + kind);
        };
    }

    private static LogEntry extent(Raw raw, Layout layout) throws HoldfastException {
        int flags = raw.flags();
        if ((flags & FLAG_MOVED) != 0) {
            throw unsupported(raw.record, "moved blocks");
        }
        raw.require((flags & ~(FLAG_NO_CHECKSUM | FLAG_UNPROVEN)) == 0, "an extent with unknown flags %d", raw.flags());
        int head = LogEntry.Extent.HEAD_BYTES;
        raw.require(raw.length >= head, "an extent of %d bytes", raw.length);
        long data = raw.word(20) & BLOCK_MASK;
        long count = (raw.word(20) >>> COUNT_SHIFT) + 1;
        long fileBlock = raw.word(12);
        raw.require(
                count <= LogEntry.Extent.BLOCKS_MAX
                        && layout.isAllocatable(data)
                        && layout.isAllocatable(data + count - 1)
                        && fileBlock >= 0
                        && fileBlock + count <= LogRecord.FILE_BLOCKS_MAX,
                "an extent of %d blocks at block %d",
                count,
                data);
        long[] checksums = new long[(flags & FLAG_UNPROVEN) == 0 ? (int) count : 0];
        raw.requireLength(head + 8 * checksums.length, "an extent");
        for (int i = 0; i < checksums.length; i++) {
            checksums[i] = raw.word(head + 8 * i);
        }
        return new LogEntry.Extent(
                raw.word(4), fileBlock, data, (int) count, (flags & FLAG_NO_CHECKSUM) != 0, checksums);
    }

    private static LogEntry range(Raw raw) throws HoldfastException {
        raw.requireLength(28, "a range");
        long first = raw.word(12);
        long count = raw.word(20);
        int state = raw.flags();
        raw.require(
                first >= 0
                        && count > 0
                        && first <= LogRecord.FILE_BLOCKS_MAX - count
                        && (state == MapEntry.HOLE || state == MapEntry.UNWRITTEN),
                "a range of %d blocks at file block %d",
                count,
                first);
        return new LogEntry.Range(raw.word(4), first, count, state);
    }

    private static LogEntry item(Raw raw) throws HoldfastException {
        raw.require(raw.length > 6, "an item of %d bytes", raw.length);
        int keyLength = getUnsignedShort(raw.b, raw.at + 4);
        int valueLength = raw.length - 6 - keyLength;
        boolean removes = raw.flags() == ITEM_REMOVE;
        raw.require(
                (removes ? valueLength == 0 : raw.flags() == ITEM_PUT)
                        && keyLength > 0
                        && keyLength <= Item.KEY_MAX
                        && valueLength >= 0
                        && valueLength <= Item.VALUE_MAX,
                "an item with a key of %d bytes",
                keyLength);
        int from = raw.at + 6;
        byte[] key = Arrays.copyOfRange(raw.b, from, from + keyLength);
        byte[] value = removes ? null : Arrays.copyOfRange(raw.b, from + keyLength, from + keyLength + valueLength);
        return new LogEntry.ItemChange(new Item(key, value));
    }

    private static LogEntry payload(Raw raw, Layout layout) throws HoldfastException {
        raw.requireNoFlags("a payload");
        int each = LogEntry.PayloadBlock.BYTES;
        int count = (raw.length - 8) / each;
        raw.require(raw.length >= 8 && raw.length == 8 + each * count, "a payload of %d bytes", raw.length);
        int bytes = getInt(raw.b, raw.at + 4);
        raw.require(bytes > 0 && bytes <= count * Block.SIZE, "a payload of %d bytes in %d blocks", bytes, count);
        List<LogEntry.PayloadBlock> blocks = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int at = 8 + each * i;
            long block = payloadBlock(raw, at, layout);
            long twin = payloadBlock(raw, at + 8, layout);
            raw.require(block != twin, "a payload twice in block %d", block);
            blocks.add(new LogEntry.PayloadBlock(block, twin, raw.word(at + 16)));
        }
        return new LogEntry.Payload(bytes, blocks);
    }

    private static long payloadBlock(Raw raw, int offset, Layout layout) throws HoldfastException {
        long word = raw.word(offset);
        long block = MapEntry.block(word);
        raw.require(
                word == MapEntry.word(MapEntry.NODE, block) && layout.isAllocatable(block),
                "a payload in block %d",
                block);
        return block;
    }

    private static HoldfastException unsupported(long record, String what) {
        return new HoldfastException(
                ErrorCode.UNSUPPORTED,
                "log record in block %d is of a volume with %s; use a newer Holdfast".formatted(record, what));
    }

    static HoldfastException damaged(long record, String what) {
        return new HoldfastException(
                ErrorCode.DAMAGED, "log record in block %d is damaged: it holds %s".formatted(record, what));
    }
}
