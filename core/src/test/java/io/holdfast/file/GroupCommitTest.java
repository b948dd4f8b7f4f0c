package io.holdfast.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class GroupCommitTest {
    private final GroupCommit group = new GroupCommit();
    private final List<Future<Void>> results = new ArrayList<>();

    @Test
    void oneRunServesAllThatCameDuringTheOneBefore() throws Exception {
        AtomicInteger runs = new AtomicInteger();
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        start(() -> group.run(() -> {
            runs.incrementAndGet();
            begun.countDown();
            await(mayEnd);
        }));
        begun.await();
        for (int i = 0; i < 8; i++) {
            awaitWaiting(start(() -> group.run(runs::incrementAndGet)));
        }
        mayEnd.countDown();
        joinAll();
        // A thread may also wait for the lock that another one holds for a moment, and come in after the second run.
        assertThat(runs.get()).isBetween(2, 3);
    }

    @Test
    void whoReturnsSeesARunThatBeganAfterItCame() throws Exception {
        AtomicLong clock = new AtomicLong();
        AtomicLong lastBegun = new AtomicLong();
        for (int i = 0; i < 4; i++) {
            start(() -> {
                for (int j = 0; j < 5000; j++) {
                    long came = clock.incrementAndGet();
                    group.run(() -> lastBegun.set(clock.incrementAndGet()));
                    assertThat(lastBegun.get()).isGreaterThan(came);
                }
            });
        }
        joinAll();
    }

    @Test
    void aFailureIsItsRunnersAlone() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch mayFail = new CountDownLatch(1);
        start(() -> assertThatThrownBy(() -> group.run(() -> {
                    begun.countDown();
                    await(mayFail);
                    throw new HoldfastException(ErrorCode.DEVICE_ERROR, "broken");
                }))
                .hasMessage("broken"));
        begun.await();
        AtomicInteger runs = new AtomicInteger();
        awaitWaiting(start(() -> group.run(runs::incrementAndGet)));
        mayFail.countDown();
        joinAll();
        assertThat(runs).hasValue(1);
    }

    private interface Task {
        void run() throws HoldfastException;
    }

    private Thread start(Task task) {
        FutureTask<Void> result = new FutureTask<>(() -> {
            task.run();
            return null;
        });
        results.add(result);
        return Thread.ofPlatform().start(result);
    }

    /** Waits for all threads; what went wrong in one is thrown. */
    private void joinAll() throws Exception {
        for (Future<Void> result : results) {
            result.get();
        }
    }

    private static void awaitWaiting(Thread thread) {
        while (thread.getState() != Thread.State.WAITING) {
            assertThat(thread.isAlive()).isTrue();
            Thread.onSpinWait();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
