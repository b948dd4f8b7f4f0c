package io.holdfast.format;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.checksum.Crc32c;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class LogRecordReuseTest {
    @Test
    void nothingOfTheHeaderBeforeIsLeft() {
        List<LogEntry> entries = new ArrayList<>(List.of(
                new LogEntry.Range(7, 3, 5, MapEntry.HOLE),
                new LogEntry.Drop(9),
                new LogEntry.Extent(7, 1, 4711, 2, false, new long[] {1, 2})));
        LogRecord record =
                new LogRecord(9, 1, 2, 1, 100, 101, 3, new LogPosition(102, 103, 3, 1, 4, 5, 6, 7, 8), entries);
        byte[] used = new byte[Block.SIZE];
        Arrays.fill(used, (byte) 0xff);
        record.encode(new Crc32c(), used);
        assertThat(used).isEqualTo(record.encode(new Crc32c()));
    }
}
