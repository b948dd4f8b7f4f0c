package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.Device;
import io.holdfast.device.ForwardingDevice;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.namespace.NamespaceKeys;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A block whose reading takes as long as the test wants: whoever needs it waits, and nobody else. */
class SlowBlockTest extends PlantedDamage {
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

    private interface Call {
        void run(Volume open) throws HoldfastException;
    }

    @ParameterizedTest
    @ValueSource(strings = {"data", "map node", "tree node"})
    void othersReadWriteAndFlush(String structure) throws Exception {
        MemorySegment memory = MemorySegment.ofArray(new byte[Block.SIZE]);
        long slow = switch (structure) {
            case "data" -> planter.data(volume.data, 299);
            case "map node" -> planter.mapNode(volume.data, 299, 1);
            default -> planter.treeNode(NamespaceKeys.inode(volume.middle), 0);
        };
        Gate gate = new Gate(device.copy(), slow);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
                Volume open = PlantedVolume.openReadWrite(gate);
                StoredFile data = open.open("/data");
                StoredFile other = open.open("/canary")) {
            Call needs = structure.equals("tree node")
                    ? o -> o.inodes().status(volume.middle)
                    : _ -> assertThat(data.read(299L * Block.SIZE, MemorySegment.ofArray(new byte[Block.SIZE])))
                            .isEqualTo(Block.SIZE);
            Future<?> waits = threads.submit(() -> {
                needs.run(open);
                return null;
            });
            try {
                gate.asked.await();
                other.write(0, memory);
                other.flush();
                assertThat(other.read(0, memory)).isEqualTo(Block.SIZE);
                if (!structure.equals("map node")) {
                    // The nodes of one map are read ahead together, so another part of the file may wait.
                    assertThat(data.read(0, memory)).as("the same file").isEqualTo(Block.SIZE);
                }
                assertThat(open.failure()).isEmpty();
                assertThat(waits.isDone()).isFalse();
            } finally {
                gate.open.countDown();
            }
            waits.get();
            open.checkpoint();
        }
    }
}
