package io.holdfast.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.concurrent.Threads;
import io.holdfast.concurrent.Timing;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;

class DirtyLimitTest {
    private final DirtyLimit limit = new DirtyLimit(64);

    @Test
    void thePartsFollowEachOther() {
        limit.add(48);
        assertThat(limit.isWorthWriting(0)).isFalse();
        limit.add(1);
        assertThat(limit.isWorthWriting(0)).isTrue();
        assertThat(limit.isWorthWriting(1)).isFalse();
        limit.add(7);
        assertThat(limit.isWorthWriting(3)).isTrue();
        assertThat(limit.makesWait()).as("at seven eighths").isFalse();
        limit.add(1);
        assertThat(limit.isWorthWriting(4))
                .as("all threads write before anybody waits")
                .isTrue();
        assertThat(limit.makesWait()).isTrue();
        limit.add(7);
        assertThat(limit.isReached()).isFalse();
        limit.add(1);
        assertThat(limit.isReached()).isTrue();
        assertThat(limit.pages()).isEqualTo(65);
        assertThat(limit.max()).isEqualTo(64);
    }

    @Test
    void whoWaitsGoesOnWhenLessIsDirty() throws InterruptedException {
        limit.add(60);
        CountDownLatch waits = new CountDownLatch(1);
        Timing timing = new Timing() {
            @Override
            public long nanoTime() {
                return 0;
            }

            @Override
            public void await(ReentrantLock lock, Condition condition, long nanos) {
                waits.countDown();
                condition.awaitUninterruptibly();
            }
        };
        Thread writer = Threads.start("writer", () -> {
            try {
                limit.awaitLess(timing, 1);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        waits.await();
        limit.remove(3);
        assertThat(limit.makesWait()).as("nobody was woken").isTrue();
        limit.remove(1);
        Threads.join(writer);
    }

    @Test
    void nobodyWaitsBelow() throws InterruptedException {
        limit.add(56);
        limit.awaitLess(Timing.SYSTEM, Long.MAX_VALUE);
    }
}
