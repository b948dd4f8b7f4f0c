package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.holdfast.checksum.Checksums;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.LogEntry;
import io.holdfast.format.LogRecord;
import io.holdfast.volume.Volume;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Damage planted in the log of a volume that was not closed. */
class PlantedLogDamageTest extends PlantedDamage {
    private final List<LogRecord> records = records();

    private List<LogRecord> records() {
        try {
            use(volume.crashed.copy());
            return planter.log();
        } catch (HoldfastException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aFlippedBitInAHeader() throws Exception {
        LogRecord first = records.getFirst();
        flip(first.block());
        assertFound(
                "log record", first.block(), "log record %d in block %d".formatted(first.sequence(), first.block()));
        assertReadableAndNotWritable(first.block());
    }

    @Test
    void aFlippedBitInALaterHeaderHidesNothingBeforeIt() throws Exception {
        LogRecord record = records.get(records.size() - 2);
        flip(record.block());
        assertFound("log record", record.block(), "its header is damaged");
        try (Volume opened = PlantedVolume.openReadOnly(device.copy())) {
            assertThat(opened.recovery().records()).isEqualTo(records.size() - 2);
        }
    }

    @Test
    void aFlippedBitInAPayload() throws Exception {
        int index = withPayload();
        LogRecord record = records.get(index);
        BlockPointer block = record.entries().stream()
                .filter(LogEntry.Payload.class::isInstance)
                .map(LogEntry.Payload.class::cast)
                .findFirst()
                .orElseThrow()
                .blocks()
                .getFirst();
        flip(block.block());
        assertFound("log record", record.block(), "its payload does not match its checksum");
        assertReadableAndNotWritable(record.block());
    }

    @Test
    void aFlippedBitInData() throws Exception {
        LogEntry.Extent extent = records.stream()
                .flatMap(record -> record.entries().stream())
                .filter(LogEntry.Extent.class::isInstance)
                .map(LogEntry.Extent.class::cast)
                .findFirst()
                .orElseThrow();
        flip(extent.block());
        assertFound("data", extent.block(), "inode %d, offset 0".formatted(extent.inode()));
    }

    @Test
    void aRecordThatClaimsABlockInUse() throws Exception {
        long used = planter.data(volume.data, 0);
        planter.logRecord(0, entries -> {
            List<LogEntry> changed = new ArrayList<>(entries);
            changed.add(new LogEntry.Extent(volume.raw, 9, used, 1, true, new long[0]));
            return changed;
        });
        long block = records.getFirst().block();
        assertFound("log record", block, "claims block %d, which is in use".formatted(used));
        device.flipBit(planter.data(volume.canary, 0), 9);
        try (Volume opened = PlantedVolume.openReadOnly(device.copy())) {
            PlantedVolume.assertReadable(opened);
        }
    }

    @Test
    void aLogThatClaimsABlockTwice() throws Exception {
        long first = records.getFirst().block();
        planter.logRecord(1, entries -> {
            List<LogEntry> changed = new ArrayList<>(entries);
            changed.add(new LogEntry.Extent(volume.raw, 9, first, 1, true, new long[0]));
            return changed;
        });
        long block = records.get(1).block();
        assertFound("log record", block, "claims block %d, which is in use".formatted(first));
        assertReadableAndNotWritable(block);
    }

    @Test
    void aRecordThatMakesNoSense() throws Exception {
        planter.logRecord(0, entries -> List.of(new LogEntry.Range(volume.raw, -1, 1, 0)));
        long block = records.getFirst().block();
        assertFound("log record", block, "log record in block %d is damaged".formatted(block));
        assertReadableAndNotWritable(block);
    }

    @Test
    void aPayloadThatMakesNoSense() throws Exception {
        int index = withPayload();
        byte[] content = new byte[4096];
        content[0] = 99;
        content[2] = 10;
        long payload = planter.freeBlock();
        device.setBlock(payload, content);
        BlockPointer pointer = new BlockPointer(payload, Checksums.superblock().of(content));
        planter.logRecord(index, entries -> List.of(new LogEntry.Payload(10, List.of(pointer))));
        long block = records.get(index).block();
        assertFound("log record", block, "unknown kind 99");
        assertReadableAndNotWritable(block);
    }

    private int withPayload() {
        for (int i = 0; i < records.size(); i++) {
            if (records.get(i).entries().stream().anyMatch(LogEntry.Payload.class::isInstance)) {
                return i;
            }
        }
        throw new AssertionError("no record with a payload");
    }

    private void assertReadableAndNotWritable(long block) throws Exception {
        device.flipBit(planter.data(volume.canary, 0), 9);
        try (Volume opened = PlantedVolume.openReadOnly(device.copy())) {
            assertThat(opened.recovery().problems()).anyMatch(problem -> problem.contains("in block " + block));
            PlantedVolume.assertReadable(opened);
        }
        assertThatExceptionOfType(HoldfastException.class)
                .isThrownBy(() -> PlantedVolume.openReadWrite(device.copy()))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.DAMAGED))
                .withMessageContaining("open it read-only");
    }
}
