package io.holdfast.door;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.concurrent.Timing;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class AlarmsTest {
    private static final long HOUR = TimeUnit.HOURS.toNanos(1);

    private final Alarms alarms = new Alarms("test-alarms", Timing.SYSTEM);

    @AfterEach
    void stop() {
        alarms.stop();
    }

    @Test
    void runsThemInTheOrderOfTheirTimes() throws InterruptedException {
        List<Integer> ran = new ArrayList<>();
        CountDownLatch over = new CountDownLatch(1);
        alarms.after(HOUR, () -> ran.add(4));
        alarms.after(30_000_000, over::countDown);
        alarms.after(20_000_000, () -> ran.add(3));
        alarms.after(0, () -> ran.add(1));
        alarms.after(10_000_000, () -> ran.add(2));
        over.await();
        assertThat(ran).containsExactly(1, 2, 3);
    }

    @Test
    void whatIsCancelledDoesNotRun() throws InterruptedException {
        List<Integer> ran = new ArrayList<>();
        CountDownLatch over = new CountDownLatch(1);
        Alarms.Alarm alarm = alarms.after(10_000_000, () -> ran.add(1));
        alarm.cancel();
        alarm.cancel();
        alarms.after(20_000_000, over::countDown);
        over.await();
        assertThat(ran).isEmpty();
    }

    @Test
    void runsOneAgainAndAgainWhateverItThrows() throws InterruptedException {
        CountDownLatch often = new CountDownLatch(5);
        Alarms.Alarm alarm = alarms.every(1_000_000, () -> {
            often.countDown();
            throw new OutOfMemoryError("injected");
        });
        often.await();
        alarm.cancel();
        CountDownLatch over = new CountDownLatch(1);
        alarms.after(0, () -> {
            over.countDown();
            throw new IllegalStateException("injected");
        });
        over.await();
    }

    @Test
    void anEarlierOneComesFirstWhileTheThreadWaits() throws InterruptedException {
        alarms.after(HOUR, () -> {});
        CountDownLatch over = new CountDownLatch(1);
        alarms.after(1, over::countDown);
        over.await();
    }
}
