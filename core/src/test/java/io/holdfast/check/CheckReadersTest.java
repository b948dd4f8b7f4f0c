package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.device.BufferPool;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
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
