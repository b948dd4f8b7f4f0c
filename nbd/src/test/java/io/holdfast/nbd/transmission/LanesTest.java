package io.holdfast.nbd.transmission;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.concurrent.Timing;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LanesTest {
    private final Workers workers = new Workers(16, new WorkerPlaces(), Timing.SYSTEM);

    @AfterEach
    void close() {
        workers.close();
    }

    @Test
    void runsAllAndNeverMoreThanAllowedAtOnce() throws InterruptedException {
        Lanes<Runnable> lanes = lanes(3);
        AtomicInteger running = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        CountDownLatch threeRun = new CountDownLatch(3);
        Semaphore done = new Semaphore(0);
        for (int i = 0; i < 1000; i++) {
            lanes.run(() -> {
                most.accumulateAndGet(running.incrementAndGet(), Math::max);
                threeRun.countDown();
                if (most.get() <= 3) {
                    awaitUninterrupted(threeRun);
                }
                running.decrementAndGet();
                done.release();
            });
        }
        done.acquire(1000);
        assertThat(most.get()).isEqualTo(3);
    }

    @Test
    void startsThemInTheOrderInWhichTheyCame() throws InterruptedException {
        Lanes<Runnable> lanes = lanes(1);
        List<Integer> order = Collections.synchronizedList(new ArrayList<>());
        Semaphore done = new Semaphore(0);
        List<Integer> expected = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            int number = i;
            expected.add(i);
            lanes.run(() -> {
                order.add(number);
                done.release();
            });
        }
        done.acquire(100);
        assertThat(order).isEqualTo(expected);
    }

    @Test
    void goesOnAfterOneThatThrows() throws InterruptedException {
        Lanes<Runnable> lanes = lanes(1);
        Semaphore done = new Semaphore(0);
        CountDownLatch allThere = new CountDownLatch(1);
        for (int i = 0; i < 4; i++) {
            boolean fails = i % 2 == 0;
            lanes.run(() -> {
                awaitUninterrupted(allThere);
                done.release();
                if (fails) {
                    throw new SimulatedError();
                }
            });
        }
        allThere.countDown();
        done.acquire(4);
        lanes.run(done::release);
        done.acquire();
    }

    @Test
    void doesTogetherWhatWaitsAndIsNotTooMuch() throws InterruptedException {
        List<List<Integer>> batches = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch allThere = new CountDownLatch(1);
        Semaphore done = new Semaphore(0);
        Lanes<Integer> lanes = new Lanes<>(
                workers,
                1,
                task -> task,
                10,
                tasks -> {
                    awaitUninterrupted(allThere);
                    batches.add(tasks);
                    done.release(tasks.size());
                },
                (task, why) -> {});
        for (int weight : new int[] {1, 4, 4, 2, 3, 20, 1, 9, 1}) {
            lanes.run(weight);
        }
        allThere.countDown();
        done.acquire(9);
        assertThat(batches)
                .containsExactly(List.of(1), List.of(4, 4, 2), List.of(3), List.of(20), List.of(1, 9), List.of(1));
    }

    /** This holds even for a task that cannot be taken out of the queue for lack of memory. */
    @Test
    void eachTaskIsDoneOrLost() throws InterruptedException {
        List<Integer> lost = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch allThere = new CountDownLatch(1);
        Semaphore ended = new Semaphore(0);
        Lanes<Integer> lanes = new Lanes<>(
                workers,
                1,
                task -> {
                    if (task == 3) {
                        throw new SimulatedError();
                    }
                    return 1;
                },
                1,
                tasks -> {
                    awaitUninterrupted(allThere);
                    if (tasks.contains(1)) {
                        throw new SimulatedError();
                    }
                    ended.release(tasks.size());
                },
                (task, why) -> {
                    lost.add(task);
                    ended.release();
                });
        for (int i = 0; i < 6; i++) {
            lanes.run(i);
        }
        allThere.countDown();
        ended.acquire(6);
        assertThat(lost).containsExactly(1, 2, 3, 4, 5);
        lanes.run(6);
        ended.acquire();
        assertThat(lost).hasSize(5);
    }

    /** The calling thread then does the task itself: the connection becomes slow, but it answers. */
    @Test
    void withoutThreadsTheCallerDoesTheWork() {
        Workers none = new Workers(16, new WorkerPlaces(), Timing.SYSTEM, (name, task) -> {
            throw new OutOfMemoryError("unable to create native thread");
        });
        List<Thread> ran = new ArrayList<>();
        Lanes<Runnable> lanes =
                new Lanes<>(none, 1, task -> 1, 1, tasks -> tasks.forEach(Runnable::run), (task, why) -> {});
        for (int i = 0; i < 3; i++) {
            lanes.run(() -> ran.add(Thread.currentThread()));
        }
        assertThat(ran).hasSize(3).containsOnly(Thread.currentThread());
        none.close();
    }

    private Lanes<Runnable> lanes(int runningMax) {
        return new Lanes<>(workers, runningMax, task -> 1, 1, tasks -> tasks.forEach(Runnable::run), (task, why) -> {});
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static final class SimulatedError extends Error {
        private static final long serialVersionUID = 1;
    }
}
