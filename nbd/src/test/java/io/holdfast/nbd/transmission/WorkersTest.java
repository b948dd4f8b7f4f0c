package io.holdfast.nbd.transmission;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.concurrent.Threads;
import io.holdfast.concurrent.Timing;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class WorkersTest {
    private final AtomicInteger started = new AtomicInteger();
    private final AtomicInteger ran = new AtomicInteger();

    private Thread start(String name, Runnable task) {
        started.incrementAndGet();
        return Threads.start(name, task);
    }

    @Test
    void startsOneOnlyIfNoneIsIdle() throws InterruptedException {
        Workers workers = new Workers(8, Timing.SYSTEM, this::start);
        CountDownLatch go = new CountDownLatch(1);
        CountDownLatch running = new CountDownLatch(3);
        for (int i = 0; i < 3; i++) {
            workers.run(() -> {
                running.countDown();
                awaitUninterrupted(go);
            });
        }
        running.await();
        assertThat(started).hasValue(3);
        go.countDown();
        workers.close();
        workers.awaitEnd();
    }

    @Test
    void doesAllTasksBeforeItEnds() {
        Workers workers = new Workers(2, Timing.SYSTEM, this::start);
        for (int i = 0; i < 1000; i++) {
            workers.run(ran::incrementAndGet);
        }
        workers.close();
        workers.awaitEnd();
        assertThat(ran).hasValue(1000);
        assertThat(started.get()).isBetween(1, 2);
    }

    @Test
    void aTaskThatThrowsTakesNoThreadFromTheOthers() {
        Workers workers = new Workers(1, Timing.SYSTEM, this::start);
        for (int i = 0; i < 10; i++) {
            workers.run(() -> {
                ran.incrementAndGet();
                throw new OutOfMemoryError("injected");
            });
        }
        workers.close();
        workers.awaitEnd();
        assertThat(ran).hasValue(10);
        assertThat(started).hasValue(1);
    }

    /** Idle threads end when the time is over; this clock jumps over it at every wait. */
    @Test
    void idleThreadsEndAndNewOnesStart() throws InterruptedException {
        Timing jumping = new Timing() {
            private long now;

            @Override
            public long nanoTime() {
                return now;
            }

            @Override
            public void await(ReentrantLock lock, Condition condition, long nanos) {
                now += nanos;
            }
        };
        Workers workers = new Workers(4, jumping, this::start);
        for (int i = 1; i <= 5; i++) {
            workers.run(ran::incrementAndGet);
            workers.awaitEnd();
            assertThat(ran).hasValue(i);
            assertThat(started).hasValue(i);
        }
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
