package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.device.Device;
import io.holdfast.device.ForwardingDevice;
import io.holdfast.device.UnreadableBlocks;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.Layout;
import io.holdfast.format.LogEntry;
import io.holdfast.namespace.NamespaceKeys;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each structure of FORMAT.md, and what can happen to a block of it: who needs the block gets an error that says where, and all else is
 * read, written, flushed, checked, closed and opened again.
 */
class StructureTableTest extends PlantedDamage {
    /** What may happen to a block. */
    enum Fate {
        DAMAGED,
        FAILS_ONCE,
        FAILS_ALWAYS,
        SLOW
    }

    /** What has the block. */
    enum Structure {
        SUPERBLOCK,
        ROOT_OF_THE_TREE,
        COPY_OF_THE_ROOT,
        LEAF_OF_THE_TREE,
        UPPER_NODE_OF_A_MAP,
        LEAF_OF_A_MAP,
        DATA,
        BITMAP,
        GROUP_TABLE,
        COPY_OF_THE_GROUP_TABLE,
        LOG_RECORD,
        TWIN_OF_A_LOG_RECORD,
        DATA_OF_THE_LOG;

        /** Returns whether the log has it: then the volume was not closed. */
        boolean isOfLog() {
            return this == LOG_RECORD || this == TWIN_OF_A_LOG_RECORD || this == DATA_OF_THE_LOG;
        }

        /** Returns whether there is something that needs this block, and no other. */
        boolean isNeeded() {
            return switch (this) {
                case LEAF_OF_THE_TREE, UPPER_NODE_OF_A_MAP, LEAF_OF_A_MAP, DATA, DATA_OF_THE_LOG -> true;
                default -> false;
            };
        }

        /** Returns whether opening reads it. */
        boolean isReadByOpening() {
            return switch (this) {
                case SUPERBLOCK, ROOT_OF_THE_TREE, COPY_OF_THE_ROOT, GROUP_TABLE, LOG_RECORD -> true;
                default -> false;
            };
        }
    }

    static Stream<Arguments> lines() {
        List<Arguments> lines = new ArrayList<>();
        for (Structure structure : Structure.values()) {
            for (Fate fate : Fate.values()) {
                lines.add(Arguments.of(structure, fate));
            }
        }
        return lines.stream();
    }

    private static final long FILE_BLOCK = 299;

    private final MemorySegment memory = MemorySegment.ofArray(new byte[Block.SIZE]);

    /** Lets nobody have a block until the gate is open. */
    private static final class Gate extends ForwardingDevice {
        final CountDownLatch asked = new CountDownLatch(1);
        final CountDownLatch open = new CountDownLatch(1);
        private final long slow;

        Gate(Device device, long slow) {
            super(device);
            this.slow = slow;
        }

        @Override
        public void read(long block, MemorySegment target) throws HoldfastException {
            if (block <= slow && slow < block + target.byteSize() / Block.SIZE) {
                asked.countDown();
                try {
                    open.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
            super.read(block, target);
        }
    }

    private long blockOf(Structure structure) throws HoldfastException {
        return switch (structure) {
            case SUPERBLOCK ->
                planter.layout().superblock(0, (int) (planter.superblock().generation() % 2));
            case ROOT_OF_THE_TREE -> planter.superblock().treeRoot().node().block();
            case COPY_OF_THE_ROOT -> planter.superblock().treeRoot().copy();
            case LEAF_OF_THE_TREE -> planter.treeNode(NamespaceKeys.inode(volume.middle), 0);
            case UPPER_NODE_OF_A_MAP -> planter.mapNode(volume.data, FILE_BLOCK, 2);
            case LEAF_OF_A_MAP -> planter.mapNode(volume.data, FILE_BLOCK, 1);
            case DATA -> planter.data(volume.data, FILE_BLOCK);
            case BITMAP -> planter.bitmap(0);
            case GROUP_TABLE -> planter.descriptors(0);
            case COPY_OF_THE_GROUP_TABLE -> Layout.tableCopy(planter.descriptors(0));
            case LOG_RECORD -> planter.superblock().log().block();
            case TWIN_OF_A_LOG_RECORD -> planter.superblock().log().twin();
            case DATA_OF_THE_LOG -> dataOfTheLog();
        };
    }

    /** Returns the first block of the first file that the log has. */
    private long dataOfTheLog() throws HoldfastException {
        return planter.log().stream()
                .flatMap(log -> log.entries().stream())
                .filter(LogEntry.Extent.class::isInstance)
                .map(LogEntry.Extent.class::cast)
                .filter(extent -> extent.fileBlock() == 0)
                .findFirst()
                .orElseThrow()
                .block();
    }

    @ParameterizedTest
    @MethodSource("lines")
    void whoNeedsItGetsAnErrorAndAllElseGoesOn(Structure structure, Fate fate) throws Exception {
        use((structure.isOfLog() ? volume.crashed : volume.closed).copy());
        long block = blockOf(structure);
        if (fate == Fate.SLOW) {
            slow(structure, block);
            return;
        }
        if (fate == Fate.DAMAGED) {
            flip(block);
        }
        boolean bad = fate != Fate.FAILS_ONCE;
        try (Volume open = PlantedVolume.openReadOnly(wrapped(fate, block))) {
            assertNeeds(open, structure, bad);
            PlantedVolume.assertReadable(open);
            CheckReport report = open.check(Progress.NONE);
            boolean found =
                    !report.problems().isEmpty() || !open.recovery().problems().isEmpty();
            // The log's data has no owner in a tree yet.
            assertThat(found).isEqualTo(bad);
        }
        for (int mount = 0; mount < 2; mount++) {
            try (Volume open = PlantedVolume.openReadWrite(wrapped(fate, block))) {
                assertNeeds(open, structure, bad);
                assertOthersGoOn(open, "/other" + mount);
                assertNeeds(open, structure, bad);
            }
        }
    }

    /** Returns a device for one mount. What is written stays in {@link #device}. */
    private Device wrapped(Fate fate, long block) {
        device = device.copy();
        return fate == Fate.DAMAGED
                ? device
                : new UnreadableBlocks(device).fail(block, fate == Fate.FAILS_ONCE ? 1 : Integer.MAX_VALUE);
    }

    private static @Nullable String path(Structure structure) {
        return switch (structure) {
            case LEAF_OF_THE_TREE -> "/dir/file60";
            case UPPER_NODE_OF_A_MAP, LEAF_OF_A_MAP, DATA -> "/data";
            case DATA_OF_THE_LOG -> "/late0";
            default -> null;
        };
    }

    /** Reads what needs the block: an error of the device that names the file and the place in it, or nothing wrong. */
    private void assertNeeds(Volume open, Structure structure, boolean bad) throws HoldfastException {
        String path = path(structure);
        if (path == null) {
            return;
        }
        if (!bad) {
            need(open, structure, path);
            return;
        }
        long offset = structure == Structure.DATA_OF_THE_LOG ? 0 : FILE_BLOCK * Block.SIZE;
        assertThatThrownBy(() -> need(open, structure, path))
                .isInstanceOfSatisfying(
                        HoldfastException.class,
                        e -> assertThat(e.code())
                                .isIn(ErrorCode.DAMAGED, ErrorCode.DEVICE_ERROR, ErrorCode.CHECKSUM_MISMATCH))
                .hasMessageContaining(path)
                .satisfies(e -> {
                    if (structure == Structure.LEAF_OF_THE_TREE) {
                        assertThat(e).hasMessageContaining("block ");
                    } else {
                        assertThat(VariedVolume.namesPlace(String.valueOf(e.getMessage()), path, offset))
                                .as("%s", e)
                                .isTrue();
                    }
                });
    }

    private void need(Volume open, Structure structure, String path) throws HoldfastException {
        if (structure == Structure.LEAF_OF_THE_TREE) {
            assertThat(open.status(path).inode()).isEqualTo(volume.middle);
            return;
        }
        try (StoredFile file = open.open(path)) {
            long offset = structure == Structure.DATA_OF_THE_LOG ? 0 : FILE_BLOCK * Block.SIZE;
            assertThat(file.read(offset, memory)).isEqualTo(Block.SIZE);
        }
    }

    private void assertOthersGoOn(Volume open, String name) throws Exception {
        PlantedVolume.assertReadable(open);
        try (StoredFile file = open.create(name, CreateOptions.file())) {
            file.write(0, memory);
            file.flush();
            assertThat(file.read(0, memory)).isEqualTo(Block.SIZE);
        }
        open.checkpoint();
        open.check(Progress.NONE);
        assertThat(open.failure()).isEmpty();
    }

    /** Who needs the block waits, and gets it. */
    private void slow(Structure structure, long block) throws Exception {
        Gate gate = new Gate(device.copy(), block);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            if (structure.isReadByOpening()) {
                Future<Volume> waits = threads.submit(() -> PlantedVolume.openReadWrite(gate));
                gate.asked.await();
                assertThat(waits.isDone()).isFalse();
                gate.open.countDown();
                try (Volume open = waits.get()) {
                    assertOthersGoOn(open, "/other");
                }
            } else if (structure.isNeeded()) {
                try (Volume open = PlantedVolume.openReadWrite(gate)) {
                    slowReader(threads, open, structure, gate);
                }
            } else {
                // Nobody reads it but a check, and who looks for space.
                gate.open.countDown();
                try (Volume open = PlantedVolume.openReadWrite(gate)) {
                    assertOthersGoOn(open, "/other");
                }
            }
        }
    }

    private void slowReader(ExecutorService threads, Volume open, Structure structure, Gate gate) throws Exception {
        Future<?> waits = threads.submit(() -> {
            assertNeeds(open, structure, false);
            return null;
        });
        try (StoredFile canary = open.open("/canary");
                StoredFile same = open.open("/data")) {
            gate.asked.await();
            MemorySegment own = MemorySegment.ofArray(new byte[Block.SIZE]);
            assertThat(canary.read(0, own)).isEqualTo(Block.SIZE);
            canary.write(0, own);
            canary.flush();
            if (structure == Structure.DATA) {
                // The nodes of one map are read ahead together; its data is not.
                assertThat(same.read(0, own)).as("the same file").isEqualTo(Block.SIZE);
            }
            assertThat(open.failure()).isEmpty();
            assertThat(waits.isDone()).isFalse();
        } finally {
            gate.open.countDown();
        }
        waits.get();
        open.checkpoint();
        open.check(Progress.NONE);
    }
}
