package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.holdfast.device.Device;
import io.holdfast.device.MemoryDevice;
import io.holdfast.device.UnreadableBlocks;
import io.holdfast.engine.VolumeOnDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.Layout;
import io.holdfast.format.LogEntry;
import io.holdfast.format.LogRecord;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.RepairPlan;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.lang.foreign.MemorySegment;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What is newest on a crashed volume cannot be read when it is opened: the last record of the log, which had been flushed, or the newest
 * superblock. A loose cable must not be taken for the end of the log.
 */
class UnreadableEndTest {
    private static final long BLOCKS = 65_536;
    private static final int FILE_BLOCKS = 16;
    private static final InstantSource CLOCK = InstantSource.fixed(Instant.ofEpochSecond(1_700_000_000));

    private MemoryDevice image;
    private Planter planter;

    @BeforeEach
    void crash() throws Exception {
        MemoryDevice device = new MemoryDevice("end", BLOCKS);
        VolumeOnDevice.format(device, ChecksumAlgorithm.CRC32C, "", CLOCK, new Random(1));
        try (Volume volume = open(device)) {
            volume.create("/a", CreateOptions.file()).close();
            volume.sync();
            volume.checkpoint();
            try (StoredFile file = volume.open("/a")) {
                for (int seed = 1; seed <= 2; seed++) {
                    file.write(0, MemorySegment.ofArray(content(seed)));
                    file.flush();
                }
                image = device.copy();
            }
        }
        planter = new Planter(image);
    }

    private static Volume open(Device device) throws HoldfastException {
        return VolumeOnDevice.open(
                device, OpenOptions.readWrite().withMemory(OpenOptions.MIN_MEMORY), CLOCK, new Random(2));
    }

    private static Volume openReadOnly(Device device) throws HoldfastException {
        return VolumeOnDevice.open(
                device, OpenOptions.reading().withMemory(OpenOptions.MIN_MEMORY), CLOCK, new Random(2));
    }

    private static byte[] content(int seed) {
        byte[] bytes = new byte[FILE_BLOCKS * Block.SIZE];
        Arrays.fill(bytes, (byte) seed);
        return bytes;
    }

    private static byte[] read(Volume volume) throws HoldfastException {
        byte[] bytes = new byte[FILE_BLOCKS * Block.SIZE];
        try (StoredFile file = volume.open("/a")) {
            file.read(0, MemorySegment.ofArray(bytes));
        }
        return bytes;
    }

    private static Device without(MemoryDevice device, List<Long> blocks) {
        UnreadableBlocks unreadable = new UnreadableBlocks(device);
        blocks.forEach(block -> unreadable.fail(block, Integer.MAX_VALUE));
        return unreadable;
    }

    /** Returns the records of the last flush: the data, then the times of the file. */
    private List<LogRecord> lastFlush() throws HoldfastException {
        List<LogRecord> all = planter.log();
        return all.subList(all.size() - 2, all.size());
    }

    private static LogEntry.Extent data(LogRecord record) {
        return record.entries().stream()
                .filter(LogEntry.Extent.class::isInstance)
                .map(LogEntry.Extent.class::cast)
                .findFirst()
                .orElseThrow();
    }

    private List<Long> headers() throws HoldfastException {
        return lastFlush().stream()
                .flatMap(record -> Stream.of(record.block(), record.twin()))
                .toList();
    }

    private List<Long> newestSuperblocks() throws HoldfastException {
        Layout layout = planter.layout();
        int slot = (int) (planter.superblock().generation() % Layout.SUPERBLOCK_SLOTS);
        List<Long> all = new ArrayList<>();
        for (int copy = 0; copy < layout.superblockCopies(); copy++) {
            all.add(layout.superblock(copy, slot));
        }
        return all;
    }

    private void requireRefused(List<Long> unreadable, String message) throws HoldfastException {
        MemoryDevice device = image.copy();
        HoldfastException refused =
                catchThrowableOfType(HoldfastException.class, () -> open(without(device, unreadable)));
        assertThat(refused.code()).isEqualTo(ErrorCode.DEVICE_ERROR);
        assertThat(refused).hasMessageContaining(message).hasMessageContaining("nothing was changed");
        for (long block = 0; block < BLOCKS; block++) {
            assertThat(Arrays.equals(device.block(block), image.block(block)))
                    .as("block %d", block)
                    .isTrue();
        }
        // The cable is back.
        try (Volume volume = open(device.copy())) {
            assertThat(read(volume)).isEqualTo(content(2));
        }
    }

    // ---- the last record ----

    @Test
    void aHeaderThatCannotBeReadIsNotTheEndOfTheLog() throws Exception {
        requireRefused(headers(), "neither its header nor the copy of it");
    }

    /** Later records that can be read say that those before them were flushed. */
    @Test
    void noRepairEndsTheLogBeforeARecordThatWasDurable() throws Exception {
        LogRecord durable = planter.log().getFirst();
        List<Long> unreadable = List.of(durable.block(), durable.twin());
        requireRefused(unreadable, "'holdfast rescue' copies out");
        assertThat(Repairs.repair(without(image.copy(), unreadable)).refusal()).contains("the log is damaged");
    }

    @Test
    void aReaderSeesWhatIsBeforeIt() throws Exception {
        try (Volume volume = openReadOnly(without(image.copy(), headers()))) {
            assertThat(read(volume)).isEqualTo(content(1));
            assertThat(volume.recovery().problems())
                    .anyMatch(problem -> problem.contains("nobody can tell whether the log goes on there"));
        }
    }

    @Test
    void oneCopyOfItIsEnough() throws Exception {
        for (long block : headers()) {
            try (Volume volume = open(without(image.copy(), List.of(block)))) {
                assertThat(read(volume)).isEqualTo(content(2));
            }
        }
    }

    @Test
    void aRepairEndsTheLogThereAndSaysSo() throws Exception {
        List<Long> unreadable = headers();
        MemoryDevice device = image.copy();
        RepairPlan plan = Repairs.repair(without(device, unreadable));
        assertThat(plan.refusal()).isEmpty();
        assertThat(plan.lossCount()).isEqualTo(1);
        assertThat(plan.repairs())
                .anyMatch(repair -> repair.structure().equals("log end")
                        && repair.block() == unreadable.getFirst()
                        && repair.loss().contains("last moments"));
        assertThat(plan.left()).isEmpty();
        try (Volume volume = open(without(device.copy(), unreadable))) {
            assertThat(read(volume)).isEqualTo(content(1));
            CheckReport report = volume.check(Progress.NONE);
            assertThat(report.problems()).isEmpty();
        }
    }

    @Test
    void noMoreIsAPayload() throws Exception {
        MemoryDevice running = image.copy();
        try (Volume volume = open(running)) {
            volume.setXattr("/a", "user.large", new byte[20_000]);
            volume.sync();
            image = running.copy();
        }
        planter = new Planter(image);
        List<Long> payload = planter.log().stream()
                .flatMap(record -> record.entries().stream())
                .filter(LogEntry.Payload.class::isInstance)
                .flatMap(entry -> ((LogEntry.Payload) entry).blocks().stream())
                .flatMap(each -> Stream.of(each.block(), each.twin()))
                .toList();
        requireRefused(payload, "neither a block of its payload nor the copy of it");

        MemoryDevice device = image.copy();
        RepairPlan plan = Repairs.repair(without(device, payload));
        assertThat(plan.refusal()).isEmpty();
        assertThat(plan.lossCount()).isEqualTo(1);
        try (Volume volume = open(device.copy())) {
            assertThat(read(volume)).isEqualTo(content(2));
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
        }
    }

    @Test
    void noMoreIsItsData() throws Exception {
        requireRefused(List.of(data(lastFlush().getFirst()).block() + 3), "its data, cannot be read");
    }

    @Test
    void dataThatIsTornEndsTheLogWhateverElseCannotBeRead() throws Exception {
        LogEntry.Extent data = data(lastFlush().getFirst());
        image.flipBit(data.block() + 5, 7);
        try (Volume volume = open(without(image, List.of(data.block() + 3)))) {
            assertThat(read(volume)).isEqualTo(content(1));
        }
    }

    @Test
    void aRepairEndsTheLogBeforeDataThatCannotBeRead() throws Exception {
        MemoryDevice device = image.copy();
        RepairPlan plan = Repairs.repair(
                without(device, List.of(data(lastFlush().getFirst()).block())));
        assertThat(plan.refusal()).isEmpty();
        assertThat(plan.lossCount()).isEqualTo(1);
        try (Volume volume = open(device.copy())) {
            assertThat(read(volume)).isEqualTo(content(1));
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
        }
    }

    // ---- the newest superblock ----

    @Test
    void anOlderSuperblockIsNotTakenForTheNewest() throws Exception {
        requireRefused(newestSuperblocks(), "a newer one may be in blocks that cannot be read");
    }

    @Test
    void aReaderIsToldThatThereMayBeANewerSuperblock() throws Exception {
        try (Volume volume = openReadOnly(without(image.copy(), newestSuperblocks()))) {
            assertThat(volume.recovery().problems())
                    .anyMatch(problem -> problem.contains("a newer one may be in blocks that cannot be read"));
        }
    }

    @Test
    void oneCopyOfTheNewestSuperblockIsEnough() throws Exception {
        List<Long> all = newestSuperblocks();
        try (Volume volume = open(without(image.copy(), all.subList(1, all.size())))) {
            assertThat(read(volume)).isEqualTo(content(2));
        }
    }

    @Test
    void aRepairDoesNotGoOnFromAnOlderSuperblock() throws Exception {
        MemoryDevice device = image.copy();
        RepairPlan plan = Repairs.repair(without(device, newestSuperblocks()));
        assertThat(plan.refusal()).contains("there may be a newer superblock");
        try (Volume volume = open(device.copy())) {
            assertThat(read(volume)).isEqualTo(content(2));
        }
    }
}
