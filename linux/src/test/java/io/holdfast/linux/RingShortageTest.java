package io.holdfast.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Memory runs out on the ring's thread, before and after the kernel has taken operations: all of them end. */
@Timeout(60)
class RingShortageTest {
    private static final int READS = 200;

    @TempDir
    Path directory;

    private Path file;

    /** Every third entry fails before the kernel was asked, and every third one afterwards. */
    private static final class ShortOfMemory extends FailingSyscalls {
        private int entries;

        ShortOfMemory() {
            super(0, 0);
        }

        @Override
        public int enterRing(int ring, int submit, int waitFor) {
            int entry = entries++ % 3;
            if (entry == 0) {
                throw new OutOfMemoryError("injected");
            }
            int result = super.enterRing(ring, submit, waitFor);
            if (entry == 1) {
                throw new OutOfMemoryError("injected");
            }
            return result;
        }
    }

    @BeforeEach
    void create() throws Exception {
        Uring.engine();
        file = Files.write(directory.resolve("file"), new byte[] {1, 2, 3, 4});
    }

    @Test
    void everyOperationEnds() throws Exception {
        ShortOfMemory calls = new ShortOfMemory();
        AtomicInteger handedOn = new AtomicInteger();
        AtomicInteger right = new AtomicInteger();
        CountDownLatch left = new CountDownLatch(READS);
        int descriptor = calls.open(file, 0);
        try (Arena arena = Arena.ofShared();
                RingThread ring = RingThread.start(calls, "short", handedOn::incrementAndGet)) {
            MemorySegment target = arena.allocate(4);
            for (int i = 0; i < READS; i++) {
                assertThat(ring.start(Ring.READ, descriptor, target.address(), 4, 0, result -> {
                            right.addAndGet(result == 4 ? 1 : 0);
                            left.countDown();
                        }))
                        .isTrue();
            }
            left.await();
            assertThat(ring.run(Ring.READ, descriptor, target.address(), 4, 0, 0))
                    .isEqualTo(4);
            assertThat(target.get(ValueLayout.JAVA_BYTE, 3)).isEqualTo((byte) 4);
        }
        calls.close(descriptor);
        assertThat(right).hasValue(READS);
        assertThat(handedOn).hasPositiveValue();
        assertThat(calls.open).isEmpty();
    }
}
