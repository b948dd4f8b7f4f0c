package io.holdfast.nbd.transmission;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.concurrent.Timing;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SendingTurnTest {
    private static final long HOUR = 3_600_000_000_000L;

    /** The machine's time; tells when somebody waits, and never lets the time end the wait. */
    private static final class Watched implements Timing {
        final CountDownLatch waiting = new CountDownLatch(1);

        @Override
        public long nanoTime() {
            return Timing.SYSTEM.nanoTime();
        }

        @Override
        public void await(ReentrantLock lock, Condition condition, long nanos) throws InterruptedException {
            waiting.countDown();
            condition.await();
        }
    }

    @Test
    void whoeverWaitsGetsTheTurnWhenItIsGivenBack() throws InterruptedException {
        Watched timing = new Watched();
        SendingTurn turn = new SendingTurn(timing);
        turn.take();
        AtomicBoolean taken = new AtomicBoolean();
        Thread other = Thread.ofPlatform().start(() -> {
            try {
                taken.set(turn.tryTake(HOUR));
                turn.giveBack();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        timing.waiting.await();
        assertThat(turn.isTaken()).isTrue();
        turn.giveBack();
        other.join();
        assertThat(taken).isTrue();
        assertThat(turn.isTaken()).isFalse();
    }

    @Test
    void theWaitEndsWithTheTime() throws InterruptedException {
        SendingTurn turn = new SendingTurn(Timing.SYSTEM);
        turn.take();
        AtomicBoolean taken = new AtomicBoolean(true);
        Thread other = Thread.ofPlatform().start(() -> {
            try {
                taken.set(turn.tryTake(1_000_000));
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        other.join();
        assertThat(taken).isFalse();
        turn.giveBack();
        assertThat(turn.tryTake(0)).isTrue();
        turn.giveBack();
    }

    @Test
    void manyThreadsTakeTurns() throws InterruptedException {
        SendingTurn turn = new SendingTurn(Timing.SYSTEM);
        int[] count = new int[1];
        Thread[] threads = new Thread[4];
        for (int i = 0; i < threads.length; i++) {
            boolean waits = i == 0;
            threads[i] = Thread.ofPlatform().start(() -> {
                for (int n = 0; n < 20_000; n++) {
                    try {
                        if (!waits) {
                            turn.take();
                        } else if (!turn.tryTake(HOUR)) {
                            continue;
                        }
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    count[0]++;
                    turn.giveBack();
                }
            });
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(count[0]).isEqualTo(80_000);
    }
}
