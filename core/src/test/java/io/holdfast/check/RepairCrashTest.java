package io.holdfast.check;

import static io.holdfast.check.PlantedVolume.key;
import static io.holdfast.namespace.NamespaceKeys.ENTRY;
import static io.holdfast.namespace.NamespaceKeys.ROOT;
import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.CrashRule;
import io.holdfast.device.Fault;
import io.holdfast.device.FaultDevice;
import io.holdfast.device.IoHook;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.HoldfastException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A power cut, or an error of the device, at every write and flush of a repair and of its undoing leaves the state of before or the one of after. */
class RepairCrashTest extends PlantedDamage {
    private static final int CUTS_AT_ONCE = 3;

    /** What is done with a damaged volume. */
    private interface Work {
        void on(FaultDevice device) throws HoldfastException;
    }

    private void damage() throws Exception {
        planter.remove(key(ROOT, ENTRY, "data"));
        planter.flipSpaceBit(planter.freeBlock());
        planter.flipSpaceBit(planter.data(volume.canary, 0));
        flip(planter.layout().superblock(1, 0));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aRepair(boolean afterACrash) throws Exception {
        use((afterACrash ? volume.crashed : volume.closed).copy());
        damage();
        sweep(Repairs::repair);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void undoingIt(boolean afterACrash) throws Exception {
        use((afterACrash ? volume.crashed : volume.closed).copy());
        damage();
        Repairs.repair(device);
        use(device.copy());
        sweep(Repairs::undo);
    }

    private void sweep(Work work) throws Exception {
        MemoryDevice before = device.copy();
        MemoryDevice after = before.copy();
        work.on(new FaultDevice(after, 0));
        List<Map<String, Integer>> allowed = List.of(Repairs.content(before), Repairs.content(after));
        assertThat(allowed.getFirst()).isNotEqualTo(allowed.getLast());
        cutAtEveryWrite(work, before, allowed);
        failEverything(work, before, allowed);
    }

    private static void cutAtEveryWrite(Work work, MemoryDevice before, List<Map<String, Integer>> allowed)
            throws Exception {
        Random random = new Random(1);
        List<MemoryDevice> images = new ArrayList<>();
        FaultDevice cut = new FaultDevice(before.copy());
        cut.setHook(new IoHook() {
            @Override
            public void after(Operation operation, long block, long blocks) {
                for (int i = 0; operation != Operation.READ && i < CUTS_AT_ONCE; i++) {
                    long seed = random.nextLong();
                    boolean torn = i == 0;
                    try {
                        images.add(cut.imageAfterCrash(
                                torn ? new CrashRule.RandomTear(seed) : new CrashRule.RandomSubset(seed)));
                    } catch (HoldfastException e) {
                        throw new IllegalStateException(e);
                    }
                }
            }
        });
        work.on(cut);
        assertThat(images).isNotEmpty();
        for (MemoryDevice image : images) {
            assertAllowed(image, allowed);
        }
    }

    /** Each write fails once, and each flush. */
    private static void failEverything(Work work, MemoryDevice before, List<Map<String, Integer>> allowed)
            throws Exception {
        for (boolean write : new boolean[] {true, false}) {
            boolean came = true;
            for (int nth = 1; came; nth++) {
                MemoryDevice below = before.copy();
                FaultDevice broken = new FaultDevice(below, 0);
                if (write) {
                    broken.faultWrite(nth, new Fault.Fail());
                } else {
                    broken.faultFlush(nth, new Fault.Fail());
                }
                try {
                    work.on(broken);
                } catch (HoldfastException e) {
                    assertThat(e.getMessage()).isNotBlank();
                }
                came = broken.pendingFaults() == 0;
                assertAllowed(below, allowed);
            }
        }
    }

    private static void assertAllowed(MemoryDevice image, List<Map<String, Integer>> allowed) throws Exception {
        assertThat(Repairs.content(image)).isIn(allowed);
    }
}
