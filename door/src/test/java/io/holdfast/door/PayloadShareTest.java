package io.holdfast.door;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

/** Who gets how much of the pool. */
class PayloadShareTest {
    private static final long MIB = 1 << 20;
    private static final long SLICE = Slice.footprint(Slice.MAX);

    /** Counts what is made; slices share one piece of memory, since nobody writes to them. */
    private long made;

    private Slice memory(int bytes) {
        made += Slice.footprint(bytes);
        return Slice.allocate(bytes);
    }

    /** The rule in plain words, on what each connection holds. */
    private static final class Model {
        final long guaranteed;
        final long common;
        final long[] held;

        Model(long limit, int connections) {
            guaranteed = limit / 2 / connections;
            common = limit - guaranteed * connections;
            held = new long[connections];
        }

        long borrowed(int who) {
            return Math.max(0, held[who] - guaranteed);
        }

        boolean allows(int who, long more) {
            long mine = held[who] + more - guaranteed;
            long others = LongStream.range(0, held.length)
                    .filter(other -> other != who)
                    .map(other -> borrowed((int) other))
                    .sum();
            return mine <= 0 || mine <= (common - others) / 4 * 3;
        }
    }

    /** Connections take and give back at random; some take and never give back. */
    @RepeatedTest(20)
    void followsTheRule(RepetitionInfo round) {
        long seed = Long.getLong("holdfast.share.seed", round.getCurrentRepetition());
        Random random = new Random(seed);
        int connections = 1 + random.nextInt(12);
        long limit = (1 + random.nextInt(24)) * MIB + random.nextInt(1 << 20);
        Model model = new Model(limit, connections);
        PayloadPool pool = new PayloadPool(limit, connections);
        List<PayloadShare> shares = new ArrayList<>();
        List<Deque<Lease>> leases = new ArrayList<>();
        for (int i = 0; i < connections; i++) {
            shares.add(pool.newShare());
            leases.add(new ArrayDeque<>());
        }
        int stalled = random.nextInt(connections);
        for (int step = 0; step < 3000; step++) {
            int who = random.nextInt(connections);
            if (random.nextInt(5) < 3) {
                int bytes = 1 + random.nextInt(1 << random.nextInt(23));
                long needed = PayloadPool.footprint(bytes);
                Lease lease = shares.get(who).tryLease(bytes);
                assertThat(lease != null)
                        .as("seed %d, step %d: %d gets %d", seed, step, who, bytes)
                        .isEqualTo(model.allows(who, needed));
                if (lease != null) {
                    model.held[who] += needed;
                    leases.get(who).add(lease);
                }
            } else if (who >= stalled && !leases.get(who).isEmpty()) {
                Lease lease = random.nextBoolean()
                        ? leases.get(who).removeFirst()
                        : leases.get(who).removeLast();
                lease.release();
                model.held[who] -= PayloadPool.footprint(lease.length());
            }
            long held = LongStream.of(model.held).sum();
            assertThat(held).isLessThanOrEqualTo(limit);
            assertThat(pool.lent()).isEqualTo(held);
        }
        leases.forEach(all -> all.forEach(Lease::release));
        assertThat(pool.lent()).isZero();
        // All of it is there again.
        model.held[0] = 0;
        assertThat(shares.getFirst().tryLease((int) Math.min(MIB, Math.max(1, limit / 4))))
                .isNotNull();
    }

    /** Whatever others do, and in whatever order they come, each connection gets its part. */
    @RepeatedTest(5)
    void eachGetsTheGuaranteedPart(RepetitionInfo round) {
        Random random = new Random(round.getCurrentRepetition());
        int connections = 16;
        PayloadPool pool = new PayloadPool(32 * MIB, connections);
        for (int i = 0; i < connections; i++) {
            PayloadShare share = pool.newShare();
            long own = 0;
            int bytes = 1 + random.nextInt(1 << 18);
            while (own + PayloadPool.footprint(bytes) <= pool.guaranteed()) {
                assertThat(share.tryLease(bytes)).as("connection %d", i).isNotNull();
                own += PayloadPool.footprint(bytes);
            }
            takeAll(share);
        }
    }

    private static long takeAll(PayloadShare share) {
        long bytes = 0;
        for (int size = Slice.MAX; size >= 1 << 12; size /= 4) {
            while (share.tryLease(size) != null) {
                bytes += PayloadPool.footprint(size);
            }
        }
        return bytes;
    }

    @Test
    void oneAloneGetsMostAndLeavesSomeForTheNext() {
        PayloadPool pool = new PayloadPool(64 * MIB, 100);
        assertThat(takeAll(pool.newShare())).isBetween(23 * MIB, 25 * MIB);
        assertThat(takeAll(pool.newShare())).isBetween(6 * MIB, 7 * MIB);
    }

    /** What connections beyond the number that was planned for get is not guaranteed, and takes nothing from the others. */
    @Test
    void moreConnectionsThanPlannedStayWithinTheLimit() {
        PayloadPool pool = new PayloadPool(8 * MIB, 2, Slice.MAX, this::memory);
        for (int i = 0; i < 10; i++) {
            takeAll(pool.newShare());
        }
        assertThat(made).isLessThanOrEqualTo(8 * MIB);
    }

    @Test
    void stepsComeOnTopAndAreCounted() {
        PayloadPool pool = new PayloadPool(0, 2, Slice.MAX, this::memory);
        try (PayloadShare share = pool.newShare()) {
            assertThat(share.tryLease(1)).isNull();
            assertThat(pool.lent()).isZero();
            Lease step = share.step(Slice.MAX);
            assertThat(pool.lent()).isEqualTo(SLICE);
            step.release();
            assertThat(share.step(5).segment(0).address())
                    .isEqualTo(step.segment(0).address());
            assertThat(share.step(5).length()).isEqualTo(5);
            assertThat(pool.lent()).isEqualTo(SLICE);
        }
        assertThat(pool.lent()).isZero();
        assertThat(made).isEqualTo(SLICE);
    }

    /** A connection that ends leaves its slice for leases, and for the next one's steps. */
    @Test
    void theMemoryForStepsIsUsedAgain() {
        PayloadPool pool = new PayloadPool(64 * MIB, 1, Slice.MAX, this::memory);
        for (int i = 0; i < 5; i++) {
            try (PayloadShare share = pool.newShare()) {
                share.step(1);
            }
        }
        assertThat(pool.newShare().tryLease(Slice.MAX)).isNotNull();
        assertThat(made).isEqualTo(SLICE);
    }

    @Test
    void wantOfMemoryForAStepIsToldAndCountsNothing() {
        boolean[] want = {true};
        PayloadPool pool = new PayloadPool(0, 1, Slice.MAX, bytes -> {
            if (want[0]) {
                throw new OutOfMemoryError("injected");
            }
            return Slice.allocate(bytes);
        });
        try (PayloadShare share = pool.newShare()) {
            assertThatThrownBy(() -> share.step(1)).isInstanceOf(OutOfMemoryError.class);
            assertThat(pool.lent()).isZero();
            want[0] = false;
            assertThat(share.step(1)).isNotNull();
        }
        assertThat(pool.lent()).isZero();
    }

    /** A lease that is released after its connection has ended still goes back. */
    @Test
    void aLeaseMayOutliveItsShare() {
        PayloadPool pool = new PayloadPool(16 * MIB, 1);
        PayloadShare share = pool.newShare();
        Lease lease = share.tryLease(5000);
        share.close();
        assertThat(pool.lent()).isPositive();
        assertThat(lease).isNotNull();
        lease.release();
        assertThat(pool.lent()).isZero();
    }
}
