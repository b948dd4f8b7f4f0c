package io.holdfast.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class FaultDeviceTest extends DeviceContract {
    private final MemoryDevice medium = new MemoryDevice("memory", BLOCKS);

    @Override
    protected Device make() {
        return new FaultDevice(medium);
    }

    private FaultDevice faulty() {
        return (FaultDevice) device();
    }

    private void write(long block, int seed) throws HoldfastException {
        TestBuffers.write(device(), block, TestBuffers.random(seed, 1));
    }

    private static byte[] data(int seed) {
        return TestBuffers.random(seed, 1);
    }

    @Test
    void keepsWritesToItselfUntilTheFlush() throws Exception {
        write(1, 1);
        assertThat(medium.storedBlocks()).isZero();
        assertThat(faulty().unflushedWrites()).isEqualTo(1);
        device().flush();
        assertThat(medium.block(1)).isEqualTo(data(1));
        assertThat(faulty().unflushedWrites()).isZero();
    }

    @Test
    void passesOnTheOldestWhenItsCacheIsFull() throws Exception {
        FaultDevice small = new FaultDevice(medium, 2);
        TestBuffers.write(small, 0, TestBuffers.random(1, 1));
        TestBuffers.write(small, 0, TestBuffers.random(2, 1));
        TestBuffers.write(small, 1, TestBuffers.random(3, 1));
        assertThat(medium.block(0)).isEqualTo(data(1));
        assertThat(small.unflushedWrites()).isEqualTo(2);
        assertThat(TestBuffers.read(small, 0, 1)).isEqualTo(data(2));
    }

    @Test
    void passesOnWhatItHasWhenClosed() throws Exception {
        write(1, 1);
        device().close();
        assertThat(medium.block(1)).isEqualTo(data(1));
    }

    @Test
    void crashRules() throws Exception {
        write(0, 1);
        device().flush();
        write(0, 2); // 0
        write(1, 3); // 1
        write(0, 4); // 2
        write(2, 5); // 3
        byte[] zero = new byte[Block.SIZE];
        assertLeaves(new CrashRule.DropAll(), data(1), zero, zero);
        assertLeaves(new CrashRule.KeepAll(), data(4), data(3), data(5));
        assertLeaves(new CrashRule.KeepPrefix(0), data(1), zero, zero);
        assertLeaves(new CrashRule.KeepPrefix(2), data(2), data(3), zero);
        assertLeaves(new CrashRule.KeepPrefix(4), data(4), data(3), data(5));
        assertLeaves(new CrashRule.DropOne(0), data(4), data(3), data(5));
        assertLeaves(new CrashRule.DropOne(2), data(2), data(3), data(5));
        assertLeaves(new CrashRule.KeepOne(1), data(1), data(3), zero);
        assertLeaves(new CrashRule.Tear(2, 3), torn(data(4), 3, data(2)), data(3), zero);
        assertLeaves(new CrashRule.Tear(0, 8), data(2), zero, zero);
        assertLeaves(new CrashRule.Tear(0, 1), torn(data(2), 1, data(1)), zero, zero);
        assertThat(TestBuffers.read(device(), 0, 1)).as("goes on").isEqualTo(data(4));
    }

    private void assertLeaves(CrashRule rule, byte[]... blocks) throws HoldfastException {
        MemoryDevice image = faulty().imageAfterCrash(rule);
        for (int i = 0; i < blocks.length; i++) {
            assertThat(image.block(i)).as("block %d after %s", i, rule).isEqualTo(blocks[i]);
        }
    }

    private static byte[] torn(byte[] head, int sectors, byte[] tail) {
        byte[] torn = tail.clone();
        System.arraycopy(head, 0, torn, 0, sectors * 512);
        return torn;
    }

    @Test
    void randomRulesReachEveryVersionAndRepeatBySeed() throws Exception {
        write(0, 1);
        device().flush();
        write(0, 2);
        write(1, 3);
        write(0, 4);
        Set<String> subsets = new HashSet<>();
        int torn = 0;
        for (int seed = 0; seed < 200; seed++) {
            MemoryDevice image = faulty().imageAfterCrash(new CrashRule.RandomSubset(seed));
            subsets.add(version(image.block(0)) + " " + version(image.block(1)));
            assertThat(faulty().imageAfterCrash(new CrashRule.RandomSubset(seed))
                            .block(0))
                    .isEqualTo(image.block(0));
            byte[] mixed =
                    faulty().imageAfterCrash(new CrashRule.RandomTear(seed)).block(0);
            torn += version(mixed).equals("torn") ? 1 : 0;
            for (int sector = 0; sector < 8; sector++) {
                assertThat(sectorVersion(mixed, sector)).isIn(1, 2, 4);
            }
        }
        assertThat(subsets).containsExactlyInAnyOrder("1 0", "1 3", "2 0", "2 3", "4 0", "4 3");
        assertThat(torn).isBetween(50, 190);
    }

    private static String version(byte[] block) {
        for (int seed = 1; seed <= 4; seed++) {
            if (Arrays.equals(block, data(seed))) {
                return Integer.toString(seed);
            }
        }
        return Arrays.equals(block, new byte[Block.SIZE]) ? "0" : "torn";
    }

    private static int sectorVersion(byte[] block, int sector) {
        for (int seed = 1; seed <= 4; seed++) {
            if (Arrays.equals(block, sector * 512, (sector + 1) * 512, data(seed), sector * 512, (sector + 1) * 512)) {
                return seed;
            }
        }
        return 0;
    }

    @Test
    void losesPowerOnceAndForAll() throws Exception {
        write(0, 1);
        write(1, 2);
        faulty().crash(new CrashRule.KeepOne(1));
        assertThat(medium.block(0)).containsOnly(0);
        assertThat(medium.block(1)).isEqualTo(data(2));
        assertThatThrownBy(() -> write(2, 3)).satisfies(e -> hasCode(e, ErrorCode.DEVICE_ERROR));
        assertThatThrownBy(device()::flush).satisfies(e -> hasCode(e, ErrorCode.DEVICE_ERROR));
        assertThatThrownBy(() -> TestBuffers.read(device(), 0, 1)).satisfies(e -> hasCode(e, ErrorCode.DEVICE_ERROR));
        device().close();
        assertThat(medium.storedBlocks()).isEqualTo(1);
        assertThat(TestBuffers.read(new FaultDevice(medium), 1, 1)).isEqualTo(data(2));
    }

    @Test
    void failsTheNthOfEachKind() throws Exception {
        faulty().faultWrite(2, new Fault.Fail());
        faulty().faultRead(1, new Fault.Fail());
        write(0, 1);
        assertThatThrownBy(() -> write(1, 2))
                .satisfies(e -> hasCode(e, ErrorCode.DEVICE_ERROR))
                .hasMessageContaining("block 1");
        assertThatThrownBy(() -> TestBuffers.read(device(), 0, 1)).satisfies(e -> hasCode(e, ErrorCode.DEVICE_ERROR));
        write(1, 3);
        assertThat(TestBuffers.read(device(), 1, 1)).isEqualTo(data(3));
        assertThat(faulty().pendingFaults()).isZero();
    }

    @Test
    void aSweepEndsWhenItsFaultIsLeftOver() throws Exception {
        int failed = 0;
        for (int nth = 1; ; nth++) {
            FaultDevice swept = new FaultDevice(new MemoryDevice("swept", 8));
            swept.faultAny(nth, new Fault.Fail());
            try {
                TestBuffers.write(swept, 0, data(1));
                TestBuffers.read(swept, 0, 1);
                swept.flush();
                assertThat(swept.pendingFaults()).isEqualTo(1);
                break;
            } catch (HoldfastException _) {
                failed++;
            }
        }
        assertThat(failed).isEqualTo(3);
    }

    @Test
    void shortTransfersDoTheirPartAndFail() throws Exception {
        faulty().faultWrite(1, new Fault.Short(2));
        assertThatThrownBy(() -> TestBuffers.write(device(), 0, TestBuffers.random(1, 4)))
                .hasMessageContaining("block 2");
        assertThat(TestBuffers.read(device(), 0, 2)).isEqualTo(Arrays.copyOf(TestBuffers.random(1, 4), 8192));
        assertThat(TestBuffers.read(device(), 2, 2)).containsOnly(0);
    }

    @Test
    void aFailedFlushLatches() throws Exception {
        write(0, 1);
        faulty().faultFlush(1, new Fault.Fail());
        assertThatThrownBy(device()::flush).satisfies(e -> hasCode(e, ErrorCode.DEVICE_ERROR));
        assertThatThrownBy(device()::flush)
                .satisfies(e -> hasCode(e, ErrorCode.FAILED))
                .hasMessageContaining("injected");
        assertThatThrownBy(() -> write(1, 1)).satisfies(e -> hasCode(e, ErrorCode.FAILED));
        assertThat(TestBuffers.read(device(), 0, 1)).isEqualTo(data(1));
        assertThat(medium.storedBlocks()).isZero();
    }

    @Test
    void liesAndMisdirects() throws Exception {
        faulty().faultFlush(1, new Fault.Lie());
        faulty().faultWrite(1, new Fault.Lie());
        faulty().faultWrite(2, new Fault.Misdirect(3));
        faulty().faultRead(2, new Fault.Misdirect(-2));
        write(0, 1);
        write(1, 2);
        device().flush();
        assertThat(medium.storedBlocks()).isZero();
        assertThat(TestBuffers.read(device(), 0, 5)).isEqualTo(join(new byte[4 * Block.SIZE], data(2)));
        assertThat(TestBuffers.read(device(), 6, 1)).isEqualTo(data(2));
    }

    @Test
    void isGoneForAWhile() throws Exception {
        write(0, 1);
        faulty().setGone(true);
        assertThatThrownBy(() -> write(0, 2)).satisfies(e -> hasCode(e, ErrorCode.DEVICE_ERROR));
        assertThatThrownBy(device()::flush).satisfies(e -> hasCode(e, ErrorCode.DEVICE_ERROR));
        faulty().setGone(false);
        assertThat(TestBuffers.read(device(), 0, 1)).isEqualTo(data(1));
    }

    @Test
    void countsAndCallsTheHookAroundEachIo() throws Exception {
        List<String> calls = new ArrayList<>();
        faulty().setHook(new IoHook() {
            @Override
            public void before(Operation operation, long block, long blocks) {
                calls.add("before " + operation + " " + block + " " + blocks);
            }

            @Override
            public void after(Operation operation, long block, long blocks) {
                calls.add("after " + operation);
            }
        });
        TestBuffers.write(device(), 3, TestBuffers.random(1, 2));
        TestBuffers.read(device(), 4, 1);
        device().flush();
        assertThat(calls)
                .containsExactly(
                        "before WRITE 3 2",
                        "after WRITE",
                        "before READ 4 1",
                        "after READ",
                        "before FLUSH 0 0",
                        "after FLUSH");
        assertThat(faulty().counts()).isEqualTo(new DeviceCounts(1, 1, 1, 4096, 8192));
    }
}
