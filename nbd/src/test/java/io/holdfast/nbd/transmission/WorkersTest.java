package io.holdfast.nbd.transmission;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.concurrent.Threads;
import io.holdfast.concurrent.Timing;
import java.util.ArrayList;
import java.util.List;
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
        Workers workers = new Workers(8, new WorkerPlaces(), Timing.SYSTEM, this::start);
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
        Workers workers = new Workers(2, new WorkerPlaces(), Timing.SYSTEM, this::start);
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
        Workers workers = new Workers(1, new WorkerPlaces(), Timing.SYSTEM, this::start);
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
        Workers workers = new Workers(4, new WorkerPlaces(), jumping, this::start);
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

    /** The first connection takes the common places, and the others still have their own. */
    @Test
    void busyConnectionsShareThePlaces() throws InterruptedException {
        WorkerPlaces places = new WorkerPlaces(10);
        CountDownLatch go = new CountDownLatch(1);
        int threads = 10 + 4 * WorkerPlaces.OWN;
        CountDownLatch running = new CountDownLatch(threads);
        List<Workers> all = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Workers workers = new Workers(128, places, Timing.SYSTEM, this::start);
            all.add(workers);
            for (int task = 0; task < 128; task++) {
                workers.run(() -> {
                    running.countDown();
                    awaitUninterrupted(go);
                    ran.incrementAndGet();
                });
            }
        }
        running.await();
        assertThat(started).hasValue(threads);
        go.countDown();
        all.forEach(Workers::close);
        all.forEach(Workers::awaitEnd);
        assertThat(ran).hasValue(4 * 128);
        // All places are back.
        for (int i = 0; i < 10; i++) {
            assertThat(places.tryTake(WorkerPlaces.OWN)).isTrue();
        }
        assertThat(places.tryTake(WorkerPlaces.OWN)).isFalse();
        assertThat(places.tryTake(0)).isTrue();
    }
}
