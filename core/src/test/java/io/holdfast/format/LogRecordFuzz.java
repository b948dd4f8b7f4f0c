package io.holdfast.format;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.checksum.Checksum;
import io.holdfast.checksum.Checksums;
import io.holdfast.error.HoldfastException;
import io.holdfast.fuzz.FuzzTarget;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The header of a log record, and the same bytes as the entries of a payload: both encode to what they were. */
public final class LogRecordFuzz implements FuzzTarget {
    private static final int ENTRIES_AT = 128;
    private static final int CHECKSUM_AT = 4088;
    private static final Checksum CHECKSUM = Checksums.superblock();
    private static final Layout LAYOUT = new Layout(Superblock.MIN_BLOCKS, Layout.GROUP_LOG2_MIN);

    @Override
    public void run(byte[] input) throws Exception {
        byte[] block = Arrays.copyOf(input, Block.SIZE);
        header(block);
        LittleEndian.putLong(block, CHECKSUM_AT, CHECKSUM.of(MemorySegment.ofArray(block), 0, CHECKSUM_AT));
        header(block);
        entries(Arrays.copyOfRange(input, Math.min(ENTRIES_AT, input.length), input.length));
    }

    private static void header(byte[] block) {
        Optional<LogRecord> accepted;
        try {
            accepted = LogRecord.decode(
                    block,
                    LittleEndian.getLong(block, isTwin(block) ? 104 : 32),
                    LittleEndian.getLong(block, 96),
                    CHECKSUM,
                    LAYOUT);
        } catch (HoldfastException e) {
            return;
        }
        if (accepted.isPresent()) {
            byte[] written = accepted.get().encode(CHECKSUM);
            if (isTwin(block)) {
                LogRecord.becomeTwin(CHECKSUM, written);
            }
            // What lies between the entries and the checksum is ignored.
            int end = ENTRIES_AT + LittleEndian.getInt(block, 88);
            assertThat(Arrays.mismatch(written, 0, end, block, 0, end))
                    .as("first byte that differs")
                    .isEqualTo(-1);
        }
    }

    private static boolean isTwin(byte[] block) {
        return LittleEndian.getLong(block, 120) == 1;
    }

    private static void entries(byte[] bytes) {
        List<LogEntry> accepted;
        try {
            accepted = LogEntries.decode(bytes, 9, LAYOUT);
        } catch (HoldfastException e) {
            return;
        }
        assertThat(LogEntries.encode(accepted)).isEqualTo(bytes);
    }

    @Override
    public List<byte[]> seeds() {
        LogEntry extent = new LogEntry.Extent(12, 7, 1000, 3, false, new long[] {1, 2, 3});
        LogEntry unproven = new LogEntry.Extent(13, 1L << 40, 2000, 200, true, new long[0]);
        LogEntry range = new LogEntry.Range(12, 100, 1L << 30, MapEntry.UNWRITTEN);
        LogEntry put = new LogEntry.ItemChange(new Item(new byte[] {1, 2, 3}, new byte[] {4, 5}));
        LogEntry removal = new LogEntry.ItemChange(Item.remove(new byte[] {1, 2, 3}));
        LogEntry drop = new LogEntry.Drop(12);
        LogEntry payload = new LogEntry.Payload(
                5000, List.of(new LogEntry.PayloadBlock(50, 60, 1), new LogEntry.PayloadBlock(51, 61, 2)));
        byte[] twin = record(extent, range);
        LogRecord.becomeTwin(CHECKSUM, twin);
        return List.of(
                twin,
                record(extent),
                record(unproven, range),
                record(put, removal, drop),
                record(payload),
                record(new LogEntry.Mount(123, 1 << 20)),
                record(new LogEntry.Close()),
                record(extent, unproven, range, put, removal, drop, payload),
                record());
    }

    private static byte[] record(LogEntry... entries) {
        LogPosition next = new LogPosition(602, 603, 8, 99, 0, 600, 700, 800, 900);
        return new LogRecord(77, 99, 7, 6, 600, 601, 5, next, List.of(entries)).encode(CHECKSUM);
    }
}
