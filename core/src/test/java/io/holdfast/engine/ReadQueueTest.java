package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.device.FaultDevice;
import io.holdfast.device.LateReads;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.ReadQueue;
import io.holdfast.volume.ReadQueue.Answer;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.WriteFlag;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Reads that keep no thread waiting: what may happen between their beginning and their end. */
class ReadQueueTest {
    private static final int BLOCK = Volume.BLOCK_SIZE;

    private final Arena arena = Arena.ofShared();
    private MemoryDevice memory;
    private LateReads device;
    private StoredVolume volume;
    private StoredFile file;
    private ReadQueue queue;
    private final MemorySegment target = arena.allocate(4 * BLOCK, BLOCK);
    private final List<Boolean> ended = new ArrayList<>();

    @BeforeEach
    void open() throws Exception {
        memory = TestVolumes.formatted(16);
        device = new LateReads(TestVolumes.through(memory));
        volume = TestVolumes.open(device, 1);
        file = volume.create("/f", CreateOptions.file());
        write(file, 0, 8, 1);
        queue = file.openReads("reads", () -> {});
    }

    @AfterEach
    void close() throws Exception {
        volume.close();
        arena.close();
    }

    /** Writes so that nothing is left in the cache. */
    private void write(StoredFile to, int block, int count, int value) throws HoldfastException {
        to.write((long) block * BLOCK, content(count, value), Set.of(WriteFlag.DIRECT));
    }

    private MemorySegment content(int count, int value) {
        MemorySegment content = arena.allocate((long) count * BLOCK, BLOCK);
        for (long at = 0; at < content.byteSize(); at += 4) {
            content.set(ValueLayout.JAVA_INT, at, value);
        }
        return content;
    }

    private Answer read(int block, int count) {
        return queue.read((long) block * BLOCK, target.asSlice(0, (long) count * BLOCK), ended::add);
    }

    private int read(int block) {
        return target.get(ValueLayout.JAVA_INT, (long) block * BLOCK);
    }

    @Test
    void readsFromTheDeviceAndThenFromTheCache() {
        assertThat(read(2, 2)).isEqualTo(Answer.STARTED);
        assertThat(ended).isEmpty();
        device.endAll();
        assertThat(ended).containsExactly(true);
        assertThat(read(0)).isEqualTo(1);
        assertThat(read(1)).isEqualTo(1);
        assertThat(read(2, 2)).isEqualTo(Answer.READ);
        assertThat(ended).hasSize(1);
    }

    @Test
    void blocksOfOneRunOnTheDeviceComeWithOneRead() throws Exception {
        // Each flush writes its blocks side by side: first the even ones, then the odd ones.
        for (int odd = 0; odd < 2; odd++) {
            for (int block = odd; block < 64; block += 2) {
                file.write((8L + block) * BLOCK, content(1, 100 + block));
            }
            file.flush();
        }
        MemorySegment long64 = arena.allocate(64L * BLOCK, BLOCK);
        reopen();
        assertThat(queue.read(8L * BLOCK, long64, ended::add)).isEqualTo(Answer.STARTED);
        assertThat(device.waiting()).isEqualTo(2);
        device.endAll();
        assertThat(ended).containsExactly(true);
        for (int block = 0; block < 64; block++) {
            assertThat(long64.get(ValueLayout.JAVA_INT, (long) block * BLOCK)).isEqualTo(100 + block);
        }
    }

    @Test
    void aReadOfManyPlacesHasABoundedNumberUnderWay() throws Exception {
        StoredFile other = volume.create("/other", CreateOptions.file());
        int count = 160;
        for (int i = 0; i < count; i++) {
            int block = i * 37 % count;
            write(file, 8 + block, 1, 100 + block);
            write(other, 0, 8, 1);
        }
        MemorySegment target160 = arena.allocate((long) count * BLOCK, BLOCK);
        assertThat(queue.read(8L * BLOCK, target160, ended::add)).isEqualTo(Answer.STARTED);
        int rounds = 0;
        while (ended.isEmpty()) {
            assertThat(device.waiting()).isBetween(1, 64);
            device.endAll();
            rounds++;
        }
        assertThat(rounds).isEqualTo(3);
        assertThat(ended).containsExactly(true);
        for (int block = 0; block < count; block++) {
            assertThat(target160.get(ValueLayout.JAVA_INT, (long) block * BLOCK))
                    .isEqualTo(100 + block);
        }
        device.garble();
        assertThat(queue.read(8L * BLOCK, target160, ended::add)).isEqualTo(Answer.STARTED);
        while (ended.size() < 2) {
            device.endAll();
        }
        assertThat(ended).containsExactly(true, false);
    }

    /** Opens the file anew: the cache has nothing of it then. */
    private void reopen() throws HoldfastException {
        queue.close();
        file.close();
        file = volume.open("/f");
        queue = file.openReads("reads", () -> {});
    }

    @Test
    void aWriteInBetweenMakesItVoid() throws Exception {
        assertThat(read(2, 1)).isEqualTo(Answer.STARTED);
        file.write(2L * BLOCK, content(1, 7));
        device.endAll();
        assertThat(ended).containsExactly(false);
    }

    @Test
    void soDoesAWriteThatIsOnTheDeviceAlready() throws Exception {
        assertThat(read(2, 2)).isEqualTo(Answer.STARTED);
        write(file, 3, 1, 7);
        device.endAll();
        assertThat(ended).containsExactly(false);
        assertThat(read(3, 1)).isEqualTo(Answer.STARTED);
        device.endAll();
        assertThat(ended).containsExactly(false, true);
        assertThat(read(0)).isEqualTo(7);
    }

    @Test
    void soDoesTheLossOfTheBlocks() throws Exception {
        assertThat(read(2, 1)).isEqualTo(Answer.STARTED);
        file.punch(0, 8L * BLOCK);
        device.endAll();
        assertThat(read(2, 1)).isEqualTo(Answer.READ);
        assertThat(read(0)).isZero();
        assertThat(ended).containsExactly(false);
    }

    @Test
    void soDoesACut() throws Exception {
        assertThat(read(6, 2)).isEqualTo(Answer.STARTED);
        file.truncate(7L * BLOCK);
        device.endAll();
        assertThat(ended).containsExactly(false);
        assertThat(read(6, 2)).isEqualTo(Answer.REFUSED);
    }

    @Test
    void aWriteElsewhereDoesNotMatterWhereAChecksumProvesTheBlock() throws Exception {
        assertThat(read(2, 1)).isEqualTo(Answer.STARTED);
        write(file, 5, 1, 7);
        device.endAll();
        assertThat(ended).containsExactly(true);
    }

    @Test
    void withoutAChecksumNothingMayHaveChanged() throws Exception {
        try (StoredFile plain = volume.create("/plain", CreateOptions.file().withoutChecksum())) {
            write(plain, 0, 4, 5);
            queue = plain.openReads("plain", () -> {});
            assertThat(read(0, 1)).isEqualTo(Answer.STARTED);
            device.endAll();
            assertThat(read(1, 1)).isEqualTo(Answer.STARTED);
            write(plain, 3, 1, 7);
            device.endAll();
            assertThat(ended).containsExactly(true, false);
        }
    }

    @Test
    void damageIsToldByTheLongWay() throws Exception {
        assertThat(read(2, 1)).isEqualTo(Answer.STARTED);
        device.garble();
        device.endAll();
        assertThat(ended).containsExactly(false);
        assertThat(file.read(2L * BLOCK, target.asSlice(0, BLOCK))).isEqualTo(BLOCK);
        assertThat(read(0)).isEqualTo(1);
    }

    @Test
    void refusesWhatIsNotWholeBlocksOfMemoryForADevice() throws Exception {
        assertThat(queue.read(512, target.asSlice(0, BLOCK), ended::add)).isEqualTo(Answer.REFUSED);
        assertThat(queue.read(0, target.asSlice(0, 512), ended::add)).isEqualTo(Answer.REFUSED);
        assertThat(queue.read(-BLOCK, target.asSlice(0, 2 * BLOCK), ended::add)).isEqualTo(Answer.REFUSED);
        assertThat(read(7, 2)).isEqualTo(Answer.REFUSED);
        assertThat(ended).isEmpty();
    }

    @Test
    void waitsForNoReaderWithACheckpoint() throws Exception {
        assertThat(read(2, 1)).isEqualTo(Answer.STARTED);
        write(file, 2, 1, 7);
        volume.checkpoint();
        volume.checkpoint();
        device.endAll();
        assertThat(ended).containsExactly(false);
    }

    @Test
    void closingAFileEndsItsReadsFirst() throws Exception {
        device.endAtOnce();
        assertThat(read(2, 1)).isEqualTo(Answer.STARTED);
        file.close();
        assertThat(ended).containsExactly(true);
        assertThat(read(2, 1)).isEqualTo(Answer.REFUSED);
        assertThatThrownBy(() -> file.openReads("late", () -> {}))
                .isInstanceOfSatisfying(
                        HoldfastException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CLOSED));
    }

    @Test
    void closingTheVolumeDoesToo() throws Exception {
        device.endAtOnce();
        assertThat(read(2, 1)).isEqualTo(Answer.STARTED);
        volume.close();
        assertThat(ended).containsExactly(true);
        assertThat(read(2, 1)).isEqualTo(Answer.REFUSED);
    }

    @Test
    void aDeviceWithoutSuchReadsRefuses() throws Exception {
        volume.close();
        FaultDevice plain = TestVolumes.through(memory);
        try (StoredVolume again = TestVolumes.open(plain, 2);
                StoredFile same = again.open("/f")) {
            queue = same.openReads("none", () -> {});
            assertThat(read(2, 1)).isEqualTo(Answer.REFUSED);
        }
    }
}
