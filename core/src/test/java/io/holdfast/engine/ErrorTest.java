package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.device.Fault;
import io.holdfast.device.FaultDevice;
import io.holdfast.device.IoHook;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.WriteFlag;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The n-th write, flush or read of the device fails, for every n until a whole workload succeeds. */
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ErrorTest {
    private static final int BLOCKS = 24;
    private final MemorySegment memory = Arena.ofShared().allocate(16 * 4096, 4096);

    /** What a file's blocks held when last they were reported durable, and what was written since. */
    private static final class Blocks {
        final long[] durable = new long[BLOCKS];
        final long[] written = new long[BLOCKS];

        void flushed() {
            System.arraycopy(written, 0, durable, 0, BLOCKS);
        }
    }

    private final Map<String, Blocks> expected = new TreeMap<>();
    private long version;

    private void write(StoredFile file, String name, int block, int count, WriteFlag... flags)
            throws HoldfastException {
        Blocks blocks = expected.computeIfAbsent(name, k -> new Blocks());
        for (int b = 0; b < count; b++) {
            version++;
            blocks.written[block + b] = version;
            for (int at = 0; at < 4096; at += 8) {
                memory.set(ValueLayout.JAVA_LONG, b * 4096L + at, version);
            }
        }
        file.write(block * 4096L, memory.asSlice(0, count * 4096L), Set.of(flags));
        if (Set.of(flags).contains(WriteFlag.FUA)) {
            System.arraycopy(blocks.written, block, blocks.durable, block, count);
        }
    }

    private void workload(StoredVolume volume) throws HoldfastException {
        try (StoredFile a = volume.create("/a", CreateOptions.file());
                StoredFile b = volume.create("/b", CreateOptions.file().withoutChecksum())) {
            write(a, "/a", 0, 16);
            a.flush();
            expected.get("/a").flushed();
            write(b, "/b", 0, 8, WriteFlag.DIRECT);
            write(b, "/b", 4, 8, WriteFlag.DIRECT, WriteFlag.FUA);
            write(a, "/a", 8, 8, WriteFlag.DIRECT);
            write(a, "/a", 3, 1, WriteFlag.FUA);
            volume.sync();
            expected.values().forEach(Blocks::flushed);
            write(a, "/a", 1, 5);
            volume.checkpoint();
            expected.values().forEach(Blocks::flushed);
            write(b, "/b", 2, 9);
            b.flush();
            expected.get("/b").flushed();
            write(a, "/a", 0, 3);
        }
    }

    /** Every block holds what was durable or something newer, never anything older or else. */
    private void verify(StoredVolume volume) throws HoldfastException {
        for (Map.Entry<String, Blocks> entry : expected.entrySet()) {
            boolean anyDurable = false;
            for (long d : entry.getValue().durable) {
                anyDurable |= d != 0;
            }
            if (volume.list("/", "", 10).stream().noneMatch(e -> ("/" + e.name()).equals(entry.getKey()))) {
                assertThat(anyDurable).as(entry.getKey() + " is gone").isFalse();
                continue;
            }
            try (StoredFile file = volume.open(entry.getKey())) {
                for (int b = 0; b < BLOCKS; b++) {
                    byte[] bytes = new byte[4096];
                    long n = file.read(b * 4096L, MemorySegment.ofArray(bytes));
                    long first = n == 0 ? 0 : MemorySegment.ofArray(bytes).get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
                    assertThat(first)
                            .as("version in block %d of %s", b, entry.getKey())
                            .isBetween(entry.getValue().durable[b], entry.getValue().written[b]);
                    for (int at = 0; at < n; at += 8) {
                        assertThat(MemorySegment.ofArray(bytes).get(ValueLayout.JAVA_LONG_UNALIGNED, at))
                                .isEqualTo(first);
                    }
                }
            }
        }
    }

    private void sweep(IoHook.Operation kind, Fault fault) throws Exception {
        int n = 0;
        boolean failed = true;
        while (failed) {
            n++;
            expected.clear();
            MemoryDevice medium = TestVolumes.formatted(16);
            FaultDevice device = new FaultDevice(medium);
            switch (kind) {
                case READ -> device.faultRead(n, fault);
                case WRITE -> device.faultWrite(n, fault);
                case FLUSH -> device.faultFlush(n, fault);
            }
            failed = !succeeds(device, kind + " " + n);
            assertThat(n).isLessThan(1000);
            try (StoredVolume volume = TestVolumes.open(new FaultDevice(medium), n)) {
                verify(volume);
            } catch (HoldfastException | AssertionError e) {
                throw new AssertionError("reopened after " + kind + " " + n, e);
            }
        }
        assertThat(n).as("faults tried").isGreaterThan(5);
    }

    /** Runs the workload; if the fault hits, the volume must behave. */
    private boolean succeeds(FaultDevice device, String which) throws Exception {
        StoredVolume volume;
        try {
            volume = TestVolumes.open(device, 1);
        } catch (HoldfastException e) {
            return false;
        }
        try {
            workload(volume);
        } catch (HoldfastException e) {
            if (volume.failure().isPresent()) {
                failedForGood(volume, which);
            }
            closes(volume);
            return false;
        }
        try {
            volume.close();
            expected.values().forEach(Blocks::flushed);
        } catch (HoldfastException e) {
            return false;
        }
        return device.pendingFaults() > 0;
    }

    private static void closes(StoredVolume volume) {
        try {
            volume.close();
        } catch (HoldfastException e) {
            assertThat(e.code()).isIn(ErrorCode.FAILED, ErrorCode.DEVICE_ERROR);
        }
    }

    /** Every writer is told, again and again; reads go on. */
    private void failedForGood(StoredVolume volume, String which) throws HoldfastException {
        for (int i = 0; i < 2; i++) {
            assertFailed(which, () -> volume.sync());
            assertFailed(which, () -> volume.checkpoint());
            assertFailed(
                    which, () -> volume.create("/new", CreateOptions.file()).close());
        }
        for (DirectoryEntry entry : volume.list("/", "", 10)) {
            try (StoredFile file = volume.open("/" + entry.name())) {
                assertFailed(which, () -> file.flush());
                assertFailed(which, () -> file.write(0, memory.asSlice(0, 4096)));
                assertFailed(which, () -> file.write(0, memory.asSlice(0, 4096), Set.of(WriteFlag.FUA)));
                assertFailed(which, () -> file.truncate(0));
                assertFailed(which, () -> file.punch(0, 4096));
                assertThat(file.read(0, MemorySegment.ofArray(new byte[BLOCKS * 4096])))
                        .as(which)
                        .isEqualTo(file.size());
            }
        }
    }

    private interface Call {
        void run() throws HoldfastException;
    }

    private static void assertFailed(String which, Call call) {
        assertThatThrownBy(call::run)
                .as(which)
                .isInstanceOfSatisfying(
                        HoldfastException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.FAILED));
    }

    @Test
    void everyWriteFailsOnce() throws Exception {
        sweep(IoHook.Operation.WRITE, new Fault.Fail());
    }

    @Test
    void everyWriteIsCutShortOnce() throws Exception {
        sweep(IoHook.Operation.WRITE, new Fault.Short(0));
    }

    @Test
    void everyFlushFailsOnce() throws Exception {
        sweep(IoHook.Operation.FLUSH, new Fault.Fail());
    }

    @Test
    void everyReadFailsOnce() throws Exception {
        sweep(IoHook.Operation.READ, new Fault.Fail());
    }
}
