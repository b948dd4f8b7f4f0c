package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.Device;
import io.holdfast.device.FaultDevice;
import io.holdfast.device.IoHook;
import io.holdfast.device.MemoryDevice;
import io.holdfast.engine.VolumeOnDevice;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.lang.foreign.MemorySegment;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A check of a volume whose clients go on writing: they come first, and the check is right. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CheckBesideWritersTest {
    private static final int BLOCK = 4096;
    private static final int FILES = 6;

    private static MemoryDevice formatted() throws HoldfastException {
        MemoryDevice device = new MemoryDevice("memory", 16_384);
        VolumeOnDevice.format(device, ChecksumAlgorithm.CRC32C, "", InstantSource.system(), new Random(1));
        return device;
    }

    private static Volume open(Device device) throws HoldfastException {
        return VolumeOnDevice.open(device, OpenOptions.readWrite(), InstantSource.system(), new Random(2));
    }

    private static void write(StoredFile file, long block, int blocks, int value) throws HoldfastException {
        byte[] bytes = new byte[blocks * BLOCK];
        Arrays.fill(bytes, (byte) value);
        file.write(block * BLOCK, MemorySegment.ofArray(bytes));
    }

    /** A client that overwrites, removes, punches and creates until it is stopped. */
    private static final class Writer {
        private final Volume volume;
        private final List<StoredFile> files;
        private final int blocks;
        private final AtomicBoolean done = new AtomicBoolean();
        private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        private final Thread thread;

        Writer(Volume volume, List<StoredFile> files, int blocks) {
            this.volume = volume;
            this.files = files;
            this.blocks = blocks;
            this.thread = Thread.ofPlatform().start(this::run);
        }

        private void run() {
            Random random = new Random(7);
            try {
                for (int i = 0; !done.get(); i++) {
                    StoredFile file = files.get(random.nextInt(files.size()));
                    int count = 1 + random.nextInt(16);
                    long block = random.nextInt(blocks - count);
                    if (i % 200 == 0) {
                        file.punch(0, (long) blocks * BLOCK);
                    } else if (i % 61 == 0) {
                        StoredFile other = volume.create("/other" + i, CreateOptions.file());
                        write(other, 0, 300, i);
                        volume.checkpoint();
                        other.close();
                        volume.remove("/other" + i);
                    } else {
                        write(file, block, count, i);
                    }
                    if (i % 13 == 0) {
                        volume.checkpoint();
                    }
                }
            } catch (HoldfastException | RuntimeException e) {
                failure.set(e);
            }
        }

        void stop() throws InterruptedException {
            done.set(true);
            thread.join();
            assertThat(failure.get()).isNull();
        }
    }

    private static List<StoredFile> fill(Volume volume, int blocks) throws HoldfastException {
        List<StoredFile> files = new ArrayList<>();
        for (int i = 0; i < FILES; i++) {
            StoredFile file = volume.create("/f" + i, CreateOptions.file());
            write(file, 0, blocks, i);
            files.add(file);
        }
        volume.checkpoint();
        return files;
    }

    @Test
    void findsNoDamageWhereThereIsNone() throws Exception {
        MemoryDevice device = formatted();
        try (Volume volume = open(device)) {
            List<StoredFile> files = fill(volume, 600);
            Writer writer = new Writer(volume, files, 600);
            for (int i = 0; i < 60; i++) {
                assertThat(volume.check(Progress.NONE).problems()).isEmpty();
            }
            writer.stop();
            for (StoredFile file : files) {
                file.close();
            }
            CheckReport atRest = volume.check(Progress.NONE);
            assertThat(atRest.problems()).isEmpty();
            assertThat(atRest.unproven()).isEmpty();
        }
    }

    /** Writers take away what the check reads in one place, again and again. It goes on behind that place, and finds what is there. */
    @Test
    void whatCannotBeReadInPeaceDoesNotHideTheRestOfItsFile() throws Exception {
        MemoryDevice device = formatted();
        FaultDevice faults = new FaultDevice(device);
        try (Volume volume = open(faults)) {
            List<StoredFile> files = fill(volume, 2000);
            StoredFile file = volume.create("/large", CreateOptions.file());
            byte[] bytes = new byte[2000 * BLOCK];
            Arrays.fill(bytes, (byte) 77);
            Arrays.fill(bytes, 1900 * BLOCK, 1901 * BLOCK, (byte) 79);
            file.write(0, MemorySegment.ofArray(bytes));
            volume.checkpoint();
            // The leaf of the map with the first blocks of the file.
            long hot = new Planter(device).mapNode(file.inode(), 0, 1);
            long rotten = blockOf(device, 79);
            device.flipBit(rotten, 7);
            AtomicInteger taken = new AtomicInteger();
            AtomicBoolean checking = new AtomicBoolean(true);
            faults.setHook(new IoHook() {
                @Override
                public void before(Operation operation, long block, long blocks) {
                    boolean reads = operation == Operation.READ && block <= hot && hot < block + blocks;
                    if (checking.get() && reads) {
                        taken.incrementAndGet();
                        overwrite();
                    }
                }

                /** So much that the check must give up what it keeps. */
                private void overwrite() {
                    Thread writer = Thread.ofPlatform().start(() -> {
                        try {
                            for (int i = 0; i < 4; i++) {
                                write(files.get(0), 0, 2000, i);
                                volume.checkpoint();
                            }
                        } catch (HoldfastException e) {
                            throw new IllegalStateException(e);
                        }
                    });
                    try {
                        writer.join();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                }
            });
            CheckReport report = volume.check(Progress.NONE);
            checking.set(false);
            assertThat(taken.get()).isGreaterThanOrEqualTo(16);
            assertThat(report.problems())
                    .singleElement()
                    .satisfies(problem -> assertThat(problem.block()).isEqualTo(rotten));
            long inode = volume.status("/large").inode();
            assertThat(report.unproven())
                    .singleElement()
                    .asString()
                    .startsWith("inode " + inode + " from offset 0 to offset " + 256 * BLOCK + ":");
            file.close();
            for (StoredFile other : files) {
                other.close();
            }
        }
    }

    /** Returns the block whose bytes all have a value. */
    private static long blockOf(MemoryDevice device, int value) {
        return device.storedBlockNumbers().stream()
                .filter(block -> device.block(block)[0] == value && device.block(block)[BLOCK - 1] == value)
                .findFirst()
                .orElseThrow();
    }

    /** What the check had pinned was missing to the writers: they got ENOSPC. */
    @Test
    void writersOfAFullVolumeNeverMissTheSpaceThatACheckKeeps() throws Exception {
        MemoryDevice device = formatted();
        FaultDevice slow = new FaultDevice(device);
        try (Volume volume = open(slow)) {
            List<StoredFile> files = fill(volume, 2000);
            AtomicBoolean checking = new AtomicBoolean();
            slow.setHook(overwriting(volume, files.get(0), checking));
            checking.set(true);
            CheckReport report = volume.check(Progress.NONE);
            assertThat(checking.get()).isFalse();
            assertThat(report.problems()).isEmpty();
            for (StoredFile file : files) {
                file.close();
            }
        }
    }

    /** Lets a check wait in a read of data until a writer has overwritten much more than is free. */
    private static IoHook overwriting(Volume volume, StoredFile file, AtomicBoolean wanted) {
        return new IoHook() {
            @Override
            public void before(Operation operation, long block, long blocks) {
                if (operation == Operation.READ && blocks > 2 && wanted.getAndSet(false)) {
                    overwrite();
                }
            }

            private void overwrite() {
                Thread writer = Thread.ofPlatform().start(() -> {
                    try {
                        for (int i = 0; i < 12; i++) {
                            write(file, 0, 2000, i + 100);
                            volume.checkpoint();
                        }
                    } catch (HoldfastException e) {
                        throw new IllegalStateException(e);
                    }
                });
                try {
                    writer.join();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
        };
    }

    /** Of the blocks that were bad when they were read, those count that their file still has. */
    @Test
    void findsTheDamageAmongBlocksThatWereOverwrittenMeanwhile() throws Exception {
        MemoryDevice device = formatted();
        FaultDevice slow = new FaultDevice(device);
        try (Volume volume = open(slow)) {
            List<StoredFile> files = fill(volume, 2000);
            long bad = blockFullOf(device, 1);
            device.flipBit(bad, 77);
            AtomicBoolean checking = new AtomicBoolean();
            slow.setHook(overwriting(volume, files.get(0), checking));

            checking.set(true);
            CheckReport report = volume.check(Progress.NONE);

            assertThat(checking.get()).isFalse();
            assertThat(report.problems()).singleElement().satisfies(problem -> {
                assertThat(problem.structure()).isEqualTo("data");
                assertThat(problem.block()).isEqualTo(bad);
                assertThat(problem.inode()).isEqualTo(files.get(1).inode());
            });
            for (StoredFile file : files) {
                file.close();
            }
        }
    }

    private static long blockFullOf(MemoryDevice device, int value) {
        byte[] wanted = new byte[BLOCK];
        Arrays.fill(wanted, (byte) value);
        return device.storedBlockNumbers().stream()
                .filter(block -> Arrays.equals(wanted, device.block(block)))
                .findFirst()
                .orElseThrow();
    }
}
