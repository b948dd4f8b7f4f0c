package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.device.Device;
import io.holdfast.device.ForwardingDevice;
import io.holdfast.device.LateReads;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.event.FallbackEvent;
import io.holdfast.event.StaleMappingEvent;
import io.holdfast.event.ThrottleEvent;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.ReadQueue;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.VolumeMetrics;
import io.holdfast.volume.WriteFlag;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a volume counts, and the events that it makes for Java Flight Recorder. */
class VolumeMetricsTest {
    private static final int BLOCKS = 64;

    @TempDir
    private Path folder;

    private final MemoryDevice device = format();
    private final AtomicInteger failingReads = new AtomicInteger();
    /** Done once before the next call that fails. */
    private VolumeLife.@Nullable Action beforeFailing;

    private final AtomicInteger failingFlushes = new AtomicInteger();

    private static MemoryDevice format() {
        try {
            return TestVolumes.formatted(16);
        } catch (HoldfastException e) {
            throw new AssertionError(e);
        }
    }

    /** Fails as many reads and flushes as it was told to. */
    private final class Flaky extends ForwardingDevice {
        Flaky(Device below) {
            super(below);
        }

        private void fail(AtomicInteger left) throws HoldfastException {
            VolumeLife.Action first = beforeFailing;
            if (first != null && left.get() > 0) {
                beforeFailing = null;
                int fails = left.getAndSet(0);
                first.run();
                left.set(fails);
            }
            if (left.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
                throw new HoldfastException(ErrorCode.DEVICE_ERROR, "injected");
            }
        }

        @Override
        public void read(long block, MemorySegment target) throws HoldfastException {
            fail(failingReads);
            super.read(block, target);
        }

        @Override
        public void flush() throws HoldfastException {
            fail(failingFlushes);
            super.flush();
        }
    }

    private StoredVolume open() throws HoldfastException {
        return TestVolumes.open(new Flaky(TestVolumes.through(device)), 1);
    }

    private static MemorySegment random() {
        byte[] bytes = new byte[BLOCKS * 4096];
        new Random(1).nextBytes(bytes);
        return MemorySegment.ofArray(bytes);
    }

    private void fill() throws HoldfastException {
        try (StoredVolume volume = open();
                StoredFile file = volume.create("/f", CreateOptions.file())) {
            file.write(0, random());
        }
    }

    private static VolumeMetrics metrics(StoredVolume volume) {
        return volume.metrics().orElseThrow();
    }

    @Test
    void aCheckpointEndsTheLogAndIsCounted() throws HoldfastException {
        try (StoredVolume volume = open();
                StoredFile file = volume.create("/f", CreateOptions.file())) {
            file.write(0, random());
            file.flush();
            VolumeMetrics before = metrics(volume);
            assertThat(before.log().bytes()).isGreaterThanOrEqualTo(BLOCKS * 4096L);
            assertThat(before.log().records())
                    .isPositive()
                    .isLessThan(before.log().recordsMax());
            assertThat(before.device().flushTimes().count())
                    .isEqualTo(volume.counters().deviceFlushes())
                    .isPositive();
            volume.checkpoint();
            VolumeMetrics after = metrics(volume);
            assertThat(after.log().bytes()).isZero();
            assertThat(after.checkpoint().times().count())
                    .isEqualTo(volume.counters().checkpoints())
                    .isGreaterThan(before.checkpoint().times().count());
            assertThat(after.checkpoint().running()).isFalse();
            assertThat(after.checkpoint().nanosSince()).isNotNegative();
        }
    }

    @Test
    void memoryIsWithinItsBoundsByUser() throws HoldfastException {
        fill();
        try (StoredVolume volume = open();
                StoredFile file = volume.open("/f")) {
            file.read(0, MemorySegment.ofArray(new byte[BLOCKS * 4096]));
            List<VolumeMetrics.MemoryUse> memory = metrics(volume).memory();
            assertThat(memory)
                    .extracting(VolumeMetrics.MemoryUse::user)
                    .containsExactly("pages", "nodes", "changes", "items", "groups");
            assertThat(memory).allSatisfy(use -> assertThat(use.bytes()).isBetween(0L, use.bytesMax()));
            assertThat(metrics(volume).groups().total()).isPositive();
            assertThat(metrics(volume).groups().closed()).isZero();
        }
    }

    @Test
    void aReadThatFailsOnceIsHealedAndOneThatFailsTwiceIsBad() throws HoldfastException {
        fill();
        try (StoredVolume volume = open();
                StoredFile file = volume.open("/f")) {
            MemorySegment target = MemorySegment.ofArray(new byte[4096]);
            file.read(0, target);
            VolumeMetrics before = metrics(volume);
            failingReads.set(1);
            file.read(4096, target);
            VolumeMetrics healed = metrics(volume);
            assertThat(healed.device().readErrors() - before.device().readErrors())
                    .isEqualTo(1);
            assertThat(healed.reading().healed() - before.reading().healed()).isPositive();
            assertThat(healed.reading().bad()).isEqualTo(before.reading().bad());
            failingReads.set(Integer.MAX_VALUE);
            assertThatThrownBy(() -> file.read(2 * 4096, target)).isInstanceOf(HoldfastException.class);
            failingReads.set(0);
            assertThat(metrics(volume).reading().bad())
                    .isGreaterThan(before.reading().bad());
        }
    }

    @Test
    void aFailedFlushIsCounted() throws HoldfastException {
        StoredVolume volume = open();
        try (StoredFile file = volume.create("/f", CreateOptions.file())) {
            file.write(0, random());
            failingFlushes.set(1);
            assertThatThrownBy(file::flush).isInstanceOf(HoldfastException.class);
            assertThat(metrics(volume).device().flushErrors()).isEqualTo(1);
        }
        assertThatThrownBy(volume::close).isInstanceOf(HoldfastException.class);
    }

    @Test
    void aVolumeThatIsReadOnlyHasNoLog() throws HoldfastException {
        fill();
        try (StoredVolume volume = TestVolumes.openReadOnly(TestVolumes.through(device))) {
            assertThat(metrics(volume).log()).isEqualTo(new VolumeMetrics.Log(0, 0, 0, 0));
            assertThat(metrics(volume).checkpoint().times().count()).isZero();
        }
    }

    /** The block was moved while it was read from where it had been, in vain. */
    @Test
    void aReadByAStaleMappingIsCountedAndRepeated() throws HoldfastException {
        fill();
        try (StoredVolume volume = open();
                StoredFile file = volume.open("/f")) {
            MemorySegment target = MemorySegment.ofArray(new byte[4096]);
            file.read(0, target);
            MemorySegment other = Arena.ofAuto().allocate(4096, 4096).fill((byte) 7);
            beforeFailing = () -> file.write(4096, other, Set.of(WriteFlag.DIRECT));
            failingReads.set(2);
            file.read(4096, target);
            assertThat(target.toArray(ValueLayout.JAVA_BYTE)).containsOnly(7);
            assertThat(metrics(volume).reading().staleMappings()).isEqualTo(1);
        }
    }

    @Test
    void aQueuedReadThatAWriteMadeVoidIsAFallback() throws HoldfastException {
        LateReads late = new LateReads(TestVolumes.through(device));
        try (StoredVolume volume = TestVolumes.open(late, 1);
                StoredFile file = volume.create("/f", CreateOptions.file());
                Arena arena = Arena.ofShared()) {
            file.write(0, arena.allocate(8 * 4096, 4096).fill((byte) 1), Set.of(WriteFlag.DIRECT));
            MemorySegment target = arena.allocate(4096, 4096);
            try (ReadQueue queue = file.openReads("reads", () -> {})) {
                assertThat(queue.read(2 * 4096, target, _ -> {})).isEqualTo(ReadQueue.Answer.STARTED);
                file.write(2 * 4096, arena.allocate(4096, 4096).fill((byte) 7));
                late.endAll();
            }
            assertThat(metrics(volume).reading().fallbacks()).isEqualTo(1);
        }
    }

    @Test
    void aRecordingHasTheEvents() throws HoldfastException, IOException {
        fill();
        Path file = folder.resolve("events.jfr");
        try (Recording recording = new Recording()) {
            for (String name : List.of("Flush", "Checkpoint", "Repair", "Mismatch", "Throttle")) {
                recording.enable("holdfast." + name).withThreshold(Duration.ZERO);
            }
            recording.start();
            try (StoredVolume volume = open();
                    StoredFile read = volume.open("/f")) {
                MemorySegment target = MemorySegment.ofArray(new byte[4096]);
                read.read(0, target);
                failingReads.set(1);
                read.read(4096, target);
                failingReads.set(Integer.MAX_VALUE);
                assertThatThrownBy(() -> read.read(2 * 4096, target)).isInstanceOf(HoldfastException.class);
                failingReads.set(0);
                FallbackEvent.emit("a way", "a reason");
                StaleMappingEvent.emit("/f", 5);
                ThrottleEvent throttle = new ThrottleEvent();
                throttle.begin();
                throttle.ended(ThrottleEvent.Cause.SPACE);
                read.write(0, target);
                read.flush();
                volume.checkpoint();
            }
            recording.stop();
            recording.dump(file);
        }
        Set<String> names = new HashSet<>();
        List<RecordedEvent> mismatches = new ArrayList<>();
        for (RecordedEvent event : RecordingFile.readAllEvents(file)) {
            names.add(event.getEventType().getName());
            assertThat(event.getEventType().getCategoryNames()).containsExactly("Holdfast");
            if (event.getEventType().getName().equals("holdfast.Mismatch")) {
                mismatches.add(event);
            }
        }
        assertThat(names)
                .contains("holdfast.Flush", "holdfast.Checkpoint", "holdfast.Repair", "holdfast.Mismatch")
                .contains("holdfast.Fallback", "holdfast.StaleMapping", "holdfast.Throttle");
        assertThat(mismatches).isNotEmpty().allSatisfy(event -> {
            assertThat(event.getString("kind")).isIn("data", "node");
            assertThat(event.getBoolean("unreadable")).isTrue();
        });
    }
}
