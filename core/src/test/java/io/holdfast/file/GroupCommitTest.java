package io.holdfast.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class GroupCommitTest {
    private final GroupCommit group = new GroupCommit();

    @Test
    void oneRunServesAllThatCameDuringTheOneBefore() throws Exception {
        AtomicInteger runs = new AtomicInteger();
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        Thread first = Thread.startVirtualThread(() -> run(() -> {
            runs.incrementAndGet();
            begun.countDown();
            await(mayEnd);
        }));
        begun.await();
        List<Thread> others = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            others.add(Thread.ofPlatform().start(() -> run(runs::incrementAndGet)));
        }
        for (Thread other : others) {
            while (other.getState() != Thread.State.WAITING) {
                Thread.onSpinWait();
            }
        }
        mayEnd.countDown();
        first.join();
        for (Thread other : others) {
            other.join();
        }
        assertEquals(2, runs.get());
    }

    @Test
    void whoReturnsSeesARunThatBeganAfterItCame() throws Exception {
        AtomicLong clock = new AtomicLong();
        AtomicLong lastBegun = new AtomicLong();
        List<Thread> threads = new ArrayList<>();
        AtomicInteger wrong = new AtomicInteger();
        for (int i = 0; i < 4; i++) {
            threads.add(Thread.ofPlatform().start(() -> {
                for (int j = 0; j < 5000; j++) {
                    long came = clock.incrementAndGet();
                    run(() -> lastBegun.set(clock.incrementAndGet()));
                    if (lastBegun.get() < came) {
                        wrong.incrementAndGet();
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(0, wrong.get());
    }

    @Test
    void aFailureIsItsRunnersAlone() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch mayFail = new CountDownLatch(1);
        Thread failing = Thread.ofPlatform()
                .start(() -> assertThrows(
                        HoldfastException.class,
                        () -> group.run(() -> {
                            begun.countDown();
                            await(mayFail);
                            throw new HoldfastException(ErrorCode.DEVICE_ERROR, "broken");
                        })));
        begun.await();
        AtomicInteger runs = new AtomicInteger();
        Thread other = Thread.ofPlatform().start(() -> run(runs::incrementAndGet));
        while (other.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
        mayFail.countDown();
        failing.join();
        other.join();
        assertTrue(runs.get() == 1);
    }

    private void run(GroupCommit.Work work) {
        try {
            group.run(work);
        } catch (HoldfastException e) {
            throw new AssertionError(e);
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
