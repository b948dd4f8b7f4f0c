package io.holdfast.failure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.concurrent.Timing;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;

/** Who waits for room on the host, and who is refused. */
class HostRoomTest {
    private static final HoldfastException FULL = new HoldfastException(ErrorCode.HOST_FULL, "v: full");

    /** Time passes only while somebody waits; then this happens. */
    private Runnable whileWaiting = () -> {};

    private long nanos = 1;

    private final HostRoom room = new HostRoom(new Timing() {
        @Override
        public long nanoTime() {
            return nanos;
        }

        @Override
        public void await(ReentrantLock lock, Condition condition, long waited) throws InterruptedException {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            nanos += waited;
            whileWaiting.run();
        }
    });

    private int attempts;

    private void fullFor(int times) throws HoldfastException {
        room.insist(() -> {
            if (attempts++ < times) {
                throw FULL;
            }
        });
    }

    private static void assertRefused(ErrorCode code, HostRoom.Attempt attempt) {
        assertThatThrownBy(attempt::run)
                .isInstanceOfSatisfying(
                        HoldfastException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    @Test
    void whoInsistsWaitsUntilThereIsRoomAndOthersAreRefusedMeanwhile() throws HoldfastException {
        room.start();
        whileWaiting = () -> assertRefused(ErrorCode.NO_SPACE, room::check);
        fullFor(3);
        assertThat(attempts).isEqualTo(4);
        assertThat(room.isMissing()).isFalse();
        room.check();
    }

    @Test
    void anotherErrorIsNotWaitedFor() {
        room.start();
        assertRefused(
                ErrorCode.DEVICE_ERROR,
                () -> room.insist(() -> {
                    throw new HoldfastException(ErrorCode.DEVICE_ERROR, "broken");
                }));
        assertThat(room.isMissing()).isFalse();
    }

    @Test
    void nobodyWaitsWhileTheVolumeIsOpenedOrClosed() {
        assertRefused(ErrorCode.HOST_FULL, () -> fullFor(5));
        assertThat(attempts).isEqualTo(1);
        room.start();
        whileWaiting = room::stop;
        assertRefused(ErrorCode.HOST_FULL, () -> fullFor(5));
        assertThat(attempts).isEqualTo(2);
    }

    /** A library's user may cancel one call; that must not end the waits of others, nor fail the volume. */
    @Test
    void anInterruptEndsNoWaitAndIsKept() throws HoldfastException {
        room.start();
        Thread.currentThread().interrupt();
        fullFor(3);
        assertThat(attempts).isEqualTo(4);
        assertThat(Thread.interrupted()).isTrue();
        attempts = 0;
        fullFor(2);
        assertThat(attempts).isEqualTo(3);
    }

    /** Also while the volume is closed: the worker is stopped later than {@link HostRoom#stop} is called. */
    @Test
    void backgroundWorkThatWasRefusedWaitsBeforeItComesAgain() {
        ReentrantLock lock = new ReentrantLock();
        Condition wake = lock.newCondition();
        assertThat(room.refused(FULL)).isNotNull();
        room.stop();
        long before = nanos;
        room.awaitRetry(lock, wake, () -> false);
        assertThat(nanos).isGreaterThan(before);
        before = nanos;
        room.awaitRetry(lock, wake, () -> true);
        assertThat(nanos).isEqualTo(before);
        room.found();
        room.awaitRetry(lock, wake, () -> false);
        assertThat(nanos).isEqualTo(before);
    }

    @Test
    void whoListensIsToldOfBoth() {
        int[] told = new int[1];
        room.onChange(() -> told[0]++);
        assertThat(room.refused(FULL)).isNotNull();
        assertThat(told[0]).isEqualTo(1);
        room.found();
        assertThat(told[0]).isEqualTo(2);
    }

    @Test
    void itStaysMissingAsLongAsSomebodyWaits() throws HoldfastException {
        room.start();
        whileWaiting = () -> {
            room.found();
            assertThat(room.isMissing()).isTrue();
        };
        fullFor(1);
        assertThat(room.isMissing()).isFalse();
    }

    @Test
    void whoIsRefusedMayTryAgainNowAndThen() {
        assertThat(room.worthTrying()).isTrue();
        assertThat(room.refused(FULL).code()).isEqualTo(ErrorCode.NO_SPACE);
        assertThat(room.worthTrying()).isFalse();
        nanos += 1_000_000_000;
        assertThat(room.worthTrying()).isTrue();
        assertThat(room.worthTrying()).isFalse();
        room.found();
        assertThat(room.worthTrying()).isTrue();
    }
}
