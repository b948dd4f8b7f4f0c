package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.device.CrashRule;
import io.holdfast.device.FaultDevice;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.LittleEndian;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.StoredFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Damaged devices: what is found is said with structure and block, and nothing else is thrown. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DamageTest {
    private static final String[] LOG = {"log record"};

    private final MemorySegment memory = Arena.ofShared().allocate(64 * 4096, 4096);

    /** A volume with a checkpoint and, if it is not closed, a log behind it. */
    private MemoryDevice filled(boolean closed) throws HoldfastException {
        FaultDevice device = new FaultDevice(TestVolumes.formatted(16));
        MemoryDevice image;
        try (StoredVolume volume = TestVolumes.open(device, 1);
                StoredFile file = volume.create("/f", CreateOptions.file())) {
            memory.fill((byte) 7);
            file.write(0, memory);
            file.write(1L << 32, memory);
            volume.checkpoint();
            for (int i = 0; i < 5; i++) {
                file.write(i * 8192L, memory.asSlice(0, 4096));
                file.flush();
            }
            image = device.imageAfterCrash(new CrashRule.DropAll());
            if (!closed) {
                return image;
            }
        }
        return device.imageAfterCrash(new CrashRule.KeepAll());
    }

    /** Opens and reads all of it; true if nothing was found to be wrong. */
    private static boolean readable(MemoryDevice image, boolean readOnly) throws HoldfastException {
        try (StoredVolume volume = readOnly ? TestVolumes.openReadOnly(image) : TestVolumes.open(image, 1);
                StoredFile file = volume.open("/f")) {
            MemorySegment read = MemorySegment.ofArray(new byte[64 * 4096]);
            assertThat(file.read(0, read)).isEqualTo(64 * 4096);
            assertThat(read.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE)).containsOnly(7);
            assertThat(file.read(1L << 32, read)).isEqualTo(64 * 4096);
            return volume.recovery().problems().isEmpty();
        }
    }

    @Test
    void anyDamagedBlockIsNamed() throws Exception {
        for (boolean closed : new boolean[] {true, false}) {
            MemoryDevice good = filled(closed);
            Random random = new Random(1);
            for (long block = 0; block < good.blocks(); block++) {
                byte[] content = good.block(block);
                if (Arrays.equals(content, new byte[Block.SIZE])) {
                    continue;
                }
                for (int way = 0; way < 2; way++) {
                    MemoryDevice image = good.copy();
                    if (way == 0) {
                        image.flipBit(block, random.nextInt(4096 * 8));
                    } else {
                        byte[] garbage = new byte[4096];
                        random.nextBytes(garbage);
                        image.setBlock(block, garbage);
                    }
                    try {
                        readable(image, way == 0);
                    } catch (HoldfastException e) {
                        assertThat(e.code()).as("block " + block).isIn(ErrorCode.DAMAGED, ErrorCode.CHECKSUM_MISMATCH);
                        assertThat(e.getMessage()).contains("block " + block);
                    }
                }
            }
        }
    }

    @Test
    void aDamagedDurableRecordRefusesWritingButNotReading() throws Exception {
        MemoryDevice good = filled(false);
        int refused = 0;
        for (long block = 0; block < good.blocks(); block++) {
            if (!new String(good.block(block), 0, 8, java.nio.charset.StandardCharsets.ISO_8859_1).equals("HFLOGREC")) {
                continue;
            }
            if (LittleEndian.getLong(good.block(block), 32) != block) {
                continue;
            }
            MemoryDevice image = good.copy();
            image.flipBit(block, 777);
            assertOneCopyIsEnough(image.copy());
            image.flipBit(LittleEndian.getLong(good.block(block), 104), 777);
            MemoryDevice reading = image.copy();
            try (StoredVolume volume = TestVolumes.open(image, 1)) {
                // An old record, or the last one: nothing says that it was durable.
                assertThat(volume.failure()).isEmpty();
            } catch (HoldfastException e) {
                refused++;
                assertThat(e.code()).isEqualTo(ErrorCode.DAMAGED);
                assertThat(e.getMessage()).contains(LOG).contains("block " + block);
                try (StoredVolume volume = TestVolumes.openReadOnly(reading);
                        StoredFile file = volume.open("/f")) {
                    assertThat(volume.recovery().problems()).isNotEmpty();
                    assertThat(file.read(0, memory)).isEqualTo(64 * 4096);
                }
            }
        }
        assertThat(refused).isGreaterThanOrEqualTo(4);
    }

    private void assertOneCopyIsEnough(MemoryDevice image) throws Exception {
        try (StoredVolume volume = TestVolumes.open(image, 1);
                StoredFile file = volume.open("/f")) {
            assertThat(file.read(0, memory)).isEqualTo(64 * 4096);
            assertThat(volume.failure()).isEmpty();
        }
    }

    @Test
    void truncatedAndForeignDevicesAreRefused() throws Exception {
        MemoryDevice good = filled(true);
        for (long blocks : new long[] {0, 1, 2, 100, 4095}) {
            MemoryDevice shorter = new MemoryDevice("short", blocks);
            for (long b = 0; b < blocks; b++) {
                shorter.setBlock(b, good.block(b));
            }
            assertThatThrownBy(() -> TestVolumes.open(shorter, 1)).isInstanceOf(HoldfastException.class);
        }
        for (int seed = 0; seed < 50; seed++) {
            Random random = new Random(seed);
            MemoryDevice garbage = new MemoryDevice("garbage", 4096);
            for (long b = 0; b < 4096; b++) {
                byte[] content = new byte[4096];
                random.nextBytes(content);
                garbage.setBlock(b, content);
            }
            assertThatThrownBy(() -> TestVolumes.open(garbage, 1))
                    .isInstanceOfSatisfying(
                            HoldfastException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_A_VOLUME));
        }
    }
}
