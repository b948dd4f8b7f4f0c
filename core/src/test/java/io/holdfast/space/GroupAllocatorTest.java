package io.holdfast.space;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Layout;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Space in many groups of which few are in memory, against a model that has a bit for each block. */
class GroupAllocatorTest {
    private static final int LOADED = 16;

    /** The device: the bitmaps of the last durable checkpoint. */
    private static final class Device implements Bitmaps {
        private Layout layout;
        private final BitSet allocated = new BitSet();
        private long version;
        private int reads;

        Device(Layout layout) {
            this.layout = layout;
        }

        @Override
        public int free(long group) {
            int used = allocated
                    .get((int) layout.groupStart(group), (int) layout.groupEnd(group))
                    .cardinality();
            return layout.usable(group) - used;
        }

        @Override
        public long version(long group) {
            return version;
        }

        @Override
        public void prepare(long group) {}

        @Override
        public long[] read(long group) {
            reads++;
            long[] bits = new long[layout.groupBlocks() / 64];
            long[] found = allocated
                    .get((int) layout.groupStart(group), (int) layout.groupEnd(group))
                    .toLongArray();
            System.arraycopy(found, 0, bits, 0, found.length);
            return bits;
        }
    }

    /** Every block is in one of these states, as far as a user of the space manager knows. */
    private final List<Run> leased = new ArrayList<>();

    private final BitSet live = new BitSet();
    private final BitSet dead = new BitSet();

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void noBlockIsGivenOutTwiceAndEveryBlockComesBack(long seed) throws HoldfastException {
        Random random = new Random(seed);
        Layout layout = new Layout(128 * 60 + random.nextInt(100), 7);
        Device device = new Device(layout);
        SpaceManager space = new SpaceManager(layout, device, LOADED);
        for (int round = 0; round < 40; round++) {
            int steps = random.nextInt(200);
            for (int i = 0; i < steps; i++) {
                step(space, layout, random);
            }
            checkpoint(space, device, layout, random);
            assertThat(space.counts().free())
                    .isEqualTo(space.usable() - live.cardinality() - dead.cardinality() - leasedBlocks());
        }
        assertThat(device.reads).isGreaterThan(layout.groups() > 2L * LOADED ? LOADED : 0);
    }

    /** From one group to so many that their counts take several pages, in steps that leave a last group in part. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void whatAVolumeGetsWhenItGrowsIsGivenOut(long seed) throws HoldfastException {
        Random random = new Random(seed);
        Layout layout = new Layout(512, 7);
        Device device = new Device(layout);
        SpaceManager space = new SpaceManager(layout, device, LOADED);
        for (int round = 0; round < 60; round++) {
            for (int i = random.nextInt(60); i > 0; i--) {
                step(space, layout, random);
            }
            if (random.nextBoolean()) {
                int more = round == 50 ? 128 * 9000 : 1 + random.nextInt(random.nextInt(3) == 0 ? 3000 : 150);
                layout = new Layout(layout.blocks() + more, 7);
                device.layout = layout;
                space.grow(layout);
                assertThat(space.layout()).isEqualTo(layout);
            }
            for (int i = random.nextInt(60); i > 0; i--) {
                step(space, layout, random);
            }
            checkpoint(space, device, layout, random);
            long usable = 0;
            for (long group = 0; group < layout.groups(); group++) {
                usable += layout.usable(group);
            }
            assertThat(space.usable()).isEqualTo(usable);
            assertThat(space.counts().total()).isEqualTo(layout.blocks());
            assertThat(space.counts().free())
                    .isEqualTo(usable - live.cardinality() - dead.cardinality() - leasedBlocks());
        }
        // All that is free can be had.
        long free = space.counts().free();
        long taken = 0;
        for (space.loadAhead(); ; space.loadAhead()) {
            Run run = space.lease(100_000);
            if (run == null) {
                break;
            }
            taken += run.length();
        }
        assertThat(taken).isEqualTo(free);
    }

    private long leasedBlocks() {
        return leased.stream().mapToLong(Run::length).sum();
    }

    private void step(SpaceManager space, Layout layout, Random random) throws HoldfastException {
        if (space.wantsGroups() && random.nextBoolean()) {
            space.loadAhead();
        }
        if (random.nextInt(3) == 0 && !live.isEmpty()) {
            int block = live.nextSetBit(random.nextInt(live.length()));
            live.clear(block);
            dead.set(block);
            space.release(block);
        } else if (leased.size() > 3 || (random.nextBoolean() && !leased.isEmpty())) {
            Run run = leased.removeFirst();
            long n = 1 + random.nextInt((int) run.length());
            space.consume(List.of(new Run(run.start(), run.start() + n)), Reservation.NONE, 0);
            live.set((int) run.start(), (int) (run.start() + n));
            if (n < run.length()) {
                leased.addFirst(new Run(run.start() + n, run.end()));
            }
        } else {
            Run run = space.lease(1 + random.nextInt(40));
            if (run == null) {
                return;
            }
            assertThat(layout.groupOf(run.start())).isEqualTo(layout.groupOf(run.end() - 1));
            for (long block = run.start(); block < run.end(); block++) {
                assertThat(layout.isAllocatable(block)).isTrue();
                assertThat(live.get((int) block))
                        .as("block %d is in use", block)
                        .isFalse();
                assertThat(dead.get((int) block)).as("block %d is dead", block).isFalse();
                for (Run other : leased) {
                    assertThat(block < other.start() || block >= other.end()).isTrue();
                }
            }
            leased.add(run);
        }
    }

    /** Changes go on between the freeze and the moment when the checkpoint is durable. */
    private void checkpoint(SpaceManager space, Device device, Layout layout, Random random) throws HoldfastException {
        space.freeze();
        BitSet frozenLive = (BitSet) live.clone();
        BitSet frozenDead = (BitSet) dead.clone();
        for (int i = random.nextInt(30); i > 0; i--) {
            step(space, layout, random);
        }
        device.allocated.clear();
        device.allocated.or(frozenLive);
        device.version++;
        BlockList reusable = space.commit(0, 0);
        for (int i = random.nextInt(30); i > 0; i--) {
            step(space, layout, random);
        }
        space.reuse(List.of(reusable));
        dead.andNot(frozenDead);
    }

    /** A group that is loaded while dead blocks come free finds each of them either dead or free. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void groupsAreLoadedWhileDeadBlocksComeFree(long seed) throws Exception {
        Random random = new Random(seed);
        Layout layout = new Layout(128 * 60, 7);
        Device device = new Device(layout);
        SpaceManager space = new SpaceManager(layout, device, 2);
        for (int round = 0; round < 30; round++) {
            while (space.counts().free() > 1000) {
                space.loadAhead();
                Run run = Objects.requireNonNull(space.lease(100));
                space.consume(List.of(run), Reservation.NONE, 0);
                live.set((int) run.start(), (int) run.end());
            }
            space.reuse(List.of(commit(space, device)));
            for (int block = live.nextSetBit(0); block >= 0; block = live.nextSetBit(block + 1)) {
                if (random.nextInt(3) == 0) {
                    live.clear(block);
                    space.release(block);
                }
            }
            BlockList reusable = commit(space, device);
            Thread reuse = Thread.ofPlatform().start(() -> space.reuse(List.of(reusable)));
            while (reuse.isAlive()) {
                space.loadAhead();
                Run run = space.lease(20);
                if (run != null) {
                    assertThat(live.get((int) run.start(), (int) run.end()).isEmpty())
                            .isTrue();
                    space.consume(List.of(run), Reservation.NONE, 0);
                    live.set((int) run.start(), (int) run.end());
                }
            }
            reuse.join();
            assertThat(space.closedBecause()).isEmpty();
            assertThat(space.pending()).isZero();
            assertThat(space.counts().free()).isEqualTo(space.usable() - live.cardinality());
        }
    }

    private BlockList commit(SpaceManager space, Device device) {
        space.freeze();
        device.allocated.clear();
        device.allocated.or(live);
        device.version++;
        return space.commit(0, 0);
    }

    @Test
    void aGroupThatCannotBeReadIsLeftAlone() throws HoldfastException {
        Layout layout = new Layout(128 * 40, 7);
        Device device = new Device(layout);
        Bitmaps broken = new Bitmaps() {
            @Override
            public int free(long group) {
                return device.free(group);
            }

            @Override
            public long version(long group) {
                return 0;
            }

            @Override
            public void prepare(long group) {}

            @Override
            public long[] read(long group) throws HoldfastException {
                if (group % 2 == 1) {
                    throw new HoldfastException(ErrorCode.DEVICE_ERROR, "a bad sector");
                }
                return device.read(group);
            }
        };
        SpaceManager space = new SpaceManager(layout, broken, LOADED);
        long taken = 0;
        while (true) {
            space.loadAhead();
            Run run = space.lease(64);
            if (run == null) {
                break;
            }
            assertThat(layout.groupOf(run.start()) % 2).isZero();
            taken += run.length();
        }
        long expected = 0;
        for (long group = 0; group < layout.groups(); group += 2) {
            expected += layout.usable(group);
        }
        assertThat(taken).isEqualTo(expected);
    }

    /** Fails to read some bitmaps; counts how often each was asked for. */
    private static final class Failing implements Bitmaps {
        private final Device device;
        private final Set<Long> unreadable = new HashSet<>();
        private int failures;

        Failing(Device device) {
            this.device = device;
        }

        @Override
        public int free(long group) {
            return device.free(group);
        }

        @Override
        public long version(long group) {
            return device.version(group);
        }

        @Override
        public void prepare(long group) {}

        @Override
        public long[] read(long group) throws HoldfastException {
            if (unreadable.contains(group)) {
                failures++;
                throw new HoldfastException(ErrorCode.DEVICE_ERROR, "a bad sector");
            }
            return device.read(group);
        }
    }

    /** What dies in a closed group is neither free nor allocated from, until the group can be read. */
    @Test
    void whatDiesInAClosedGroupComesFreeWhenTheGroupCanBeReadAgain() throws HoldfastException {
        Layout layout = new Layout(128 * 4, 7);
        Device device = new Device(layout);
        long start = layout.groupStart(2) + layout.headBlocks(2);
        device.allocated.set((int) start, (int) start + 50);
        Failing bitmaps = new Failing(device);
        bitmaps.unreadable.add(2L);
        SpaceManager space = new SpaceManager(layout, bitmaps, LOADED);
        int others = layout.usable(0) + layout.usable(1) + layout.usable(3);
        assertThat(space.counts().free()).isEqualTo(others + layout.usable(2) - 50);
        takeAll(space, layout);
        assertThat(space.counts().free()).isZero();
        assertThat(space.closedBecause()).isPresent();
        assertThat(bitmaps.failures).isEqualTo(1);

        List<Integer> failures = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            space.freeze();
            space.retryClosed();
            space.releaseFrozen(start + i);
            device.allocated.clear((int) start + i);
            device.version++;
            space.reuse(List.of(space.commit(0, 0)));
            assertThat(space.counts().free()).isZero();
            assertThat(space.lease(10)).isNull();
            space.loadAhead();
            assertThat(space.lease(10)).isNull();
            failures.add(bitmaps.failures);
        }
        assertThat(failures).containsExactly(2, 2, 3, 3, 3, 3, 4, 4);

        bitmaps.unreadable.clear();
        for (int i = 0; i < 8; i++) {
            space.freeze();
            space.retryClosed();
            space.commit(0, 0);
        }
        assertThat(space.closedBecause()).isEmpty();
        assertThat(space.counts().free()).isEqualTo(layout.usable(2) - 42);
        assertThat(takeAll(space, layout)).isEqualTo(layout.usable(2) - 42);
    }

    private static long takeAll(SpaceManager space, Layout layout) throws HoldfastException {
        long taken = 0;
        while (true) {
            space.loadAhead();
            Run run = space.lease(64);
            if (run == null) {
                return taken;
            }
            for (long block = run.start(); block < run.end(); block++) {
                assertThat(layout.isAllocatable(block)).isTrue();
            }
            taken += run.length();
        }
    }

    /** Its bitmap is whole, and does not have what was counted. */
    @Test
    void aGroupThatCountsWronglyStaysClosed() throws HoldfastException {
        Layout layout = new Layout(128 * 4, 7);
        Device device = new Device(layout);
        SpaceManager space = new SpaceManager(layout, device, LOADED);
        device.allocated.set((int) layout.groupEnd(2) - 1);
        takeAll(space, layout);
        int reads = device.reads;
        for (int i = 0; i < 8; i++) {
            space.freeze();
            space.retryClosed();
            space.commit(0, 0);
        }
        assertThat(space.loadAhead()).isFalse();
        assertThat(device.reads).isEqualTo(reads);
        assertThat(space.closedBecause()).isPresent();
    }
}
