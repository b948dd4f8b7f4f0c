package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.holdfast.checksum.Checksums;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.LogEntry;
import io.holdfast.format.LogRecord;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.FileKind;
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
    void aFlippedBitInBothCopiesOfAHeader() throws Exception {
        LogRecord first = records.getFirst();
        flipBothCopies(first);
        assertFound(
                "log record", first.block(), "log record %d in block %d".formatted(first.sequence(), first.block()));
        assertReadableAndNotWritable(first.block());
    }

    @Test
    void aFlippedBitInBothCopiesOfALaterHeaderHidesNothingBeforeIt() throws Exception {
        LogRecord record = records.get(records.size() - 2);
        flipBothCopies(record);
        assertFound("log record", record.block(), "its header is damaged");
        try (Volume opened = PlantedVolume.openReadOnly(device.copy())) {
            assertThat(opened.recovery().records()).isEqualTo(records.size() - 2);
        }
    }

    @Test
    void aFlippedBitInAHeader() throws Exception {
        LogRecord first = records.getFirst();
        flip(first.block());
        assertFound(
                "log copy",
                first.block(),
                "log record %d: block %d, its header, is damaged".formatted(first.sequence(), first.block()));
        assertReadableAndWritable("block %d, its header, is damaged".formatted(first.block()));
    }

    /** Recovery does not need the twin, so only a check finds it. */
    @Test
    void aFlippedBitInATwin() throws Exception {
        LogRecord first = records.getFirst();
        flip(first.twin());
        assertFound("log copy", first.twin(), "block %d, the copy of its header, is damaged".formatted(first.twin()));
        assertReadableAndWritable("");
    }

    @Test
    void aHeaderThatIsItsTwin() throws Exception {
        LogRecord first = records.getFirst();
        device.setBlock(first.block(), device.block(first.twin()));
        assertFound("log copy", first.block(), "its header, is damaged");
        assertReadableAndWritable("block %d, its header, is damaged".formatted(first.block()));
    }

    @Test
    void oneCopyOfEveryHeader() throws Exception {
        for (int i = 0; i < records.size(); i++) {
            flip(i % 2 == 0 ? records.get(i).block() : records.get(i).twin());
        }
        long first = records.getFirst().block();
        assertFound("log copy", first, "block %d, its header, is damaged".formatted(first));
        assertReadableAndWritable("is damaged");
    }

    /** The record was not durable: its header may not have been written, and nothing is damaged. */
    @Test
    void aTornCopyAtTheEndIsWrittenAgain() throws Exception {
        LogRecord last = records.getLast();
        byte[] whole = device.block(last.block());
        device.setBlock(last.block(), new byte[Block.SIZE]);
        assertThat(PlantedVolume.check(device.copy()).problems())
                .noneMatch(problem -> problem.structure().startsWith("log"));
        try (Volume opened = PlantedVolume.openReadWrite(device)) {
            assertThat(opened.recovery().problems()).isEmpty();
            assertThat(opened.recovery().records()).isEqualTo(records.size());
            assertThat(device.block(last.block())).isEqualTo(whole);
        }
    }

    @Test
    void aFlippedBitInBothCopiesOfAPayload() throws Exception {
        LogRecord record = records.get(withPayload());
        LogEntry.PayloadBlock block = payload(record);
        flip(block.block());
        flip(block.twin());
        assertFound("log record", record.block(), "its payload does not match its checksum");
        assertReadableAndNotWritable(record.block());
    }

    @Test
    void aFlippedBitInAPayload() throws Exception {
        LogRecord record = records.get(withPayload());
        long block = payload(record).block();
        flip(block);
        assertFound(
                "log copy",
                block,
                "log record %d: block %d, a block of its payload".formatted(record.sequence(), block));
        assertReadableAndWritable("block %d, a block of its payload, is damaged".formatted(block));
    }

    @Test
    void aFlippedBitInTheTwinOfAPayload() throws Exception {
        LogRecord record = records.get(withPayload());
        long block = payload(record).twin();
        flip(block);
        assertFound("log copy", block, "the copy of a block of its payload, is damaged");
        assertReadableAndWritable("");
    }

    private static LogEntry.PayloadBlock payload(LogRecord record) {
        return record.entries().stream()
                .filter(LogEntry.Payload.class::isInstance)
                .map(LogEntry.Payload.class::cast)
                .findFirst()
                .orElseThrow()
                .blocks()
                .getFirst();
    }

    private void flipBothCopies(LogRecord record) {
        flip(record.block());
        flip(record.twin());
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
        long twin = payload - 1;
        device.setBlock(twin, content);
        LogEntry.PayloadBlock pointer =
                new LogEntry.PayloadBlock(payload, twin, Checksums.superblock().of(content));
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

    /** Also when all is opened again: the damaged copy is needed no more. */
    private void assertReadableAndWritable(String said) throws Exception {
        device.flipBit(planter.data(volume.canary, 0), 9);
        MemoryDevice image = device.copy();
        try (Volume opened = PlantedVolume.openReadOnly(image.copy())) {
            assertThat(opened.recovery().records()).isEqualTo(records.size());
            PlantedVolume.assertReadable(opened);
        }
        try (Volume opened = PlantedVolume.openReadWrite(image)) {
            if (!said.isEmpty()) {
                assertThat(opened.recovery().problems()).anyMatch(problem -> problem.contains(said));
            }
            assertThat(opened.recovery().records()).isEqualTo(records.size());
            opened.mkdir("/after", CreateOptions.directory());
            opened.sync();
        }
        try (Volume opened = PlantedVolume.openReadWrite(image.copy())) {
            assertThat(opened.recovery().problems()).isEmpty();
            assertThat(opened.status("/after").kind()).isEqualTo(FileKind.DIRECTORY);
        }
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
