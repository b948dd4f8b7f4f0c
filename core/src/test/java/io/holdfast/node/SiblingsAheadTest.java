package io.holdfast.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.checksum.Checksum;
import io.holdfast.checksum.Checksums;
import io.holdfast.device.BufferPool;
import io.holdfast.device.Device;
import io.holdfast.device.DeviceReads;
import io.holdfast.device.ForwardingDevice;
import io.holdfast.device.MemoryDevice;
import io.holdfast.device.TestBuffers;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.BlockPointer;
import io.holdfast.store.BlockStore;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SiblingsAheadTest {
    private static final int NODES = 200;

    private final Checksum checksum = Checksums.superblock();
    private final MemoryDevice memory = new MemoryDevice("m", 10_000);
    private final BufferPool buffers = new BufferPool(4, 64);
    private final List<BlockPointer> nodes = new ArrayList<>();
    private @Nullable NodeCache cache;

    /** Nodes at random places, some of them side by side, in an order of their own. */
    SiblingsAheadTest() throws HoldfastException {
        Random random = new Random(7);
        long block = 1;
        for (int i = 0; i < NODES; i++) {
            block += 1 + random.nextInt(40);
            byte[] content = TestBuffers.random(i, 1);
            TestBuffers.write(memory, block, content);
            nodes.add(new BlockPointer(block, checksum.of(content)));
        }
        Collections.shuffle(nodes, random);
    }

    @AfterEach
    void close() {
        if (cache != null) {
            cache.close();
        }
        buffers.close();
    }

    private NodeCache read(Device device, long cacheBytes) {
        BlockStore store = new BlockStore(device);
        NodeCache made = new NodeCache(store, checksum, buffers, cacheBytes);
        cache = made;
        try (SiblingsAhead ahead = new SiblingsAhead(store, checksum, made)) {
            ahead.read(
                    nodes.getFirst(),
                    NodeReader.Following.certain(k -> k < NODES && k % 10 != 3 ? nodes.get(k) : null));
        }
        return made;
    }

    private static long expected() {
        return NODES - NODES / 10;
    }

    @Test
    void theFollowingNodesAreInTheCache() {
        Queueing device = new Queueing(memory);
        NodeCache read = read(device, 4 << 20);
        assertThat(read.nodes()).isEqualTo(expected());
        for (int k = 0; k < NODES; k++) {
            assertThat(read.has(nodes.get(k))).as("%d", k).isEqualTo(k % 10 != 3);
        }
        assertThat(device.most).as("reads under way").hasValueBetween(2, 8);
        assertThat(List.copyOf(device.blocks))
                .as("in ascending order")
                .isSorted()
                .hasSizeLessThan((int) expected());
        assertThat(device.isClosed).isTrue();
    }

    @Test
    void aDeviceWithoutQueueWillDo() {
        assertThat(read(memory, 4 << 20).nodes()).isEqualTo(expected());
    }

    @Test
    void whatDoesNotMatchIsLeftOut() {
        BlockPointer rotten = nodes.get(5);
        memory.setBlock(rotten.block(), TestBuffers.random(99, 1));
        nodes.set(6, new BlockPointer(memory.blocks() + 5, 1));
        nodes.set(7, new BlockPointer(-1, 1));
        NodeCache read = read(new Queueing(memory), 4 << 20);
        assertThat(read.has(rotten)).isFalse();
        assertThat(read.nodes()).isEqualTo(expected() - 3);
    }

    @Test
    void aReadThatFailsHurtsOnlyItsNodes() {
        Queueing device = new Queueing(memory);
        device.failing = nodes.get(4).block();
        NodeCache read = read(device, 4 << 20);
        assertThat(read.has(nodes.get(4))).isFalse();
        assertThat(read.nodes()).isBetween(expected() - 16, expected() - 1);
    }

    /** Else the nodes would push each other out before anybody comes for them. */
    @Test
    void aSmallCacheGetsNoMoreThanAQuarter() {
        long cacheBytes = 64L * Block.SIZE;
        assertThat(read(new Queueing(memory), cacheBytes).nodes()).isBetween(1L, 16L);
    }

    /** Ends each read on a thread of its own, the first one not before a second one has begun. */
    private static final class Queueing extends ForwardingDevice {
        final AtomicInteger most = new AtomicInteger();
        final ConcurrentLinkedQueue<Long> blocks = new ConcurrentLinkedQueue<>();
        private final AtomicInteger underWay = new AtomicInteger();
        private final CountDownLatch two = new CountDownLatch(2);
        private final Device device;
        volatile boolean isClosed;
        volatile long failing = -1;

        Queueing(Device device) {
            super(device);
            this.device = device;
        }

        @Override
        public DeviceReads openReads(String name, Runnable handedOn) {
            return new DeviceReads() {
                private final List<Thread> threads = new ArrayList<>();

                @Override
                public boolean start(long block, MemorySegment[] targets, Ended ended) {
                    blocks.add(block);
                    most.accumulateAndGet(underWay.incrementAndGet(), Math::max);
                    two.countDown();
                    threads.add(Thread.ofVirtual().start(() -> {
                        awaitTwo();
                        boolean whole = isRead(block, targets[0]);
                        underWay.decrementAndGet();
                        ended.ended(whole);
                    }));
                    return true;
                }

                @Override
                public void close() {
                    isClosed = true;
                    for (Thread thread : threads) {
                        try {
                            thread.join();
                        } catch (InterruptedException e) {
                            throw new AssertionError(e);
                        }
                    }
                }
            };
        }

        private void awaitTwo() {
            try {
                two.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }

        private boolean isRead(long block, MemorySegment target) {
            try {
                device.read(block, target);
                return block > failing || block + target.byteSize() / Block.SIZE <= failing;
            } catch (HoldfastException e) {
                return false;
            }
        }
    }
}
