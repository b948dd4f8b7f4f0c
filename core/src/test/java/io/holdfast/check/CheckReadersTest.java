package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.device.BufferPool;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class CheckReadersTest {
    private final BufferPool buffers = new BufferPool(8, 4);
    private final CheckReaders readers = new CheckReaders(buffers);

    @AfterEach
    void close() {
        readers.close();
        assertThat(buffers.inUse()).isZero();
        buffers.close();
    }

    @Test
    void doesEachPartOnce() {
        Set<Integer> done = ConcurrentHashMap.newKeySet();
        AtomicInteger calls = new AtomicInteger();

        readers.read(1000, (index, memory) -> {
            assertThat(memory.byteSize()).isEqualTo(4 * 4096);
            done.add(index);
            calls.incrementAndGet();
        });

        assertThat(done).hasSize(1000);
        assertThat(calls).hasValue(1000);
    }

    @Test
    void hasSeveralUnderWayButLeavesMostOfTheBuffers() {
        CyclicBarrier three = new CyclicBarrier(3);
        AtomicInteger most = new AtomicInteger();

        readers.read(9, (index, memory) -> {
            try {
                // Three parts must be under way for this to end.
                three.await(1, TimeUnit.MINUTES);
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
            most.accumulateAndGet(buffers.inUse(), Math::max);
        });

        assertThat(most).hasValueLessThanOrEqualTo(3);
    }

    @Test
    void whatIsWaitedForGoesBeforeWhatWasBegunWithTheSameThreads() {
        CountDownLatch begun = new CountDownLatch(2);
        CountDownLatch waitedFor = new CountDownLatch(1);
        CyclicBarrier two = new CyclicBarrier(2);
        Set<Thread> threads = ConcurrentHashMap.newKeySet();
        CheckReaders.Round round = readers.begin(4, (index, memory) -> {
            begun.countDown();
            await(waitedFor);
        });
        await(begun); // Both helpers have a part, and two parts are left.

        readers.read(2, (index, memory) -> {
            waitedFor.countDown();
            await(two); // One of the helpers must come for this to end.
            threads.add(Thread.currentThread());
        });
        round.finish();

        assertThat(threads).hasSize(2);
    }

    @Test
    void throwsWhatAPartThrowsAlsoOnAThreadOfOthers() {
        for (int bad = 0; bad < 8; bad++) {
            int thrower = bad;
            CheckReaders.Round round = readers.begin(100, (index, memory) -> {});
            assertThatThrownBy(() -> readers.read(8, (index, memory) -> {
                        if (index == thrower) {
                            throw new OutOfMemoryError("part " + index);
                        }
                    }))
                    .isInstanceOf(OutOfMemoryError.class)
                    .hasMessage("part " + bad);
            round.finish();
            assertThat(buffers.inUse()).isZero();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(1, TimeUnit.MINUTES)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await(1, TimeUnit.MINUTES);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void throwsWhatAPartThrowsWhoeverDidIt() {
        for (int bad = 0; bad < 20; bad++) {
            int thrower = bad;
            assertThatThrownBy(() -> readers.read(20, (index, memory) -> {
                        if (index == thrower) {
                            throw new OutOfMemoryError("part " + index);
                        }
                    }))
                    .isInstanceOf(OutOfMemoryError.class)
                    .hasMessage("part " + bad);
            assertThat(buffers.inUse()).isZero();
        }
    }

    @Test
    void readsAloneWhereThereIsOneBufferOnly() {
        try (BufferPool one = new BufferPool(1, 4);
                CheckReaders alone = new CheckReaders(one)) {
            Set<Thread> threads = ConcurrentHashMap.newKeySet();

            alone.read(10, (index, memory) -> threads.add(Thread.currentThread()));

            assertThat(threads).containsExactly(Thread.currentThread());
        }
    }
}
