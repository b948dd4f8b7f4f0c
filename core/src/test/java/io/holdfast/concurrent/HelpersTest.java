package io.holdfast.concurrent;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 1, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HelpersTest {
    @Test
    void acceptsNoMoreThanItHasThreadsFor() throws Exception {
        Helpers helpers = new Helpers("helper", 3);
        CountDownLatch gate = new CountDownLatch(1);
        AtomicInteger done = new AtomicInteger();
        Runnable task = () -> {
            await(gate);
            done.incrementAndGet();
        };
        assertThat(helpers.offer(task, 2)).isEqualTo(2);
        assertThat(helpers.offer(task, 2)).isEqualTo(1);
        assertThat(helpers.offer(task, 1)).isZero();
        gate.countDown();
        helpers.stop();
        assertThat(done).hasValue(3);
        assertThat(helpers.offer(task, 1)).as("after the end").isZero();
    }

    /** What was accepted must be run, or whoever offered it waits for ever. */
    @Test
    void acceptsNothingThatNoThreadWillRun() {
        AtomicInteger left = new AtomicInteger(1);
        Helpers helpers = new Helpers("helper", 4, (name, task) -> {
            if (left.getAndDecrement() <= 0) {
                throw new OutOfMemoryError("no more threads");
            }
            return Threads.start(name, task);
        });
        AtomicInteger done = new AtomicInteger();
        assertThat(helpers.offer(done::incrementAndGet, 3)).isEqualTo(1);
        helpers.stop();
        assertThat(done).hasValue(1);

        Helpers none = new Helpers("helper", 4, (name, task) -> {
            throw new OutOfMemoryError("no more threads");
        });
        assertThat(none.offer(done::incrementAndGet, 3)).isZero();
        assertThat(none.offer(done::incrementAndGet, 1)).isZero();
        none.stop();
        assertThat(done).hasValue(1);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
