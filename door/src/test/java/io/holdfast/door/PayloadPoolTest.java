package io.holdfast.door;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PayloadPoolTest {
    /** A limit of which one connection alone may hold so many bytes: half of it, and three quarters of the other half. */
    private static long limitFor(long bytes) {
        return (bytes + 6) / 7 * 8;
    }

    private static PayloadShare share(long bytes) {
        return new PayloadPool(limitFor(bytes), 1).newShare();
    }

    @Test
    void lendsAsManyBytesAsAskedFor() {
        PayloadShare pool = share(64 << 20);
        for (int bytes : new int[] {1, 4096, 4097, 1 << 20, (1 << 20) + 1, 10_000_000}) {
            Lease lease = pool.tryLease(bytes);
            assertThat(lease).isNotNull();
            long sum = 0;
            for (int i = 0; i < lease.count(); i++) {
                assertThat(lease.start(i)).isEqualTo((int) sum);
                assertThat(lease.buffer(i).remaining())
                        .isEqualTo((int) lease.segment(i).byteSize());
                sum += lease.segment(i).byteSize();
            }
            assertThat(sum).isEqualTo(bytes);
            lease.release();
        }
    }

    @Test
    void lendsNoMoreThanTheLimit() {
        PayloadShare pool = share(3L * Slice.footprint(Slice.MAX));
        Lease two = pool.tryLease(2 << 20);
        assertThat(pool.tryLease(2 << 20)).isNull();
        Lease one = pool.tryLease(1 << 20);
        assertThat(one).isNotNull();
        assertThat(pool.tryLease(1)).isNull();
        two.release();
        assertThat(pool.tryLease((2 << 20) - 5)).isNotNull();
        one.release();
    }

    @Test
    void freeMemoryOfOneSizeServesAnother() {
        PayloadShare pool = share(Slice.footprint(Slice.MAX));
        for (int bytes : new int[] {1 << 20, 4096, 1 << 20, 70_000, 1 << 20}) {
            Lease lease = pool.tryLease(bytes);
            assertThat(lease).as("%d bytes", bytes).isNotNull();
            lease.release();
        }
    }

    @Test
    void wantOfMemoryLosesNothing() {
        int[] left = {3};
        PayloadPool pool = new PayloadPool(limitFor(8L * Slice.footprint(Slice.MAX)), 1, Slice.MAX, bytes -> {
            if (left[0]-- == 0) {
                throw new IllegalStateException("injected");
            }
            return Slice.allocate(bytes);
        });
        PayloadShare share = pool.newShare();
        assertThatThrownBy(() -> share.tryLease(6 << 20)).isInstanceOf(IllegalStateException.class);
        assertThat(pool.lent()).isZero();
        Lease all = share.tryLease(8 << 20);
        assertThat(all).isNotNull();
        all.release();
        all.release();
        assertThat(pool.lent()).isZero();
    }

    @Test
    void twoLeasesNeverShareMemory() {
        PayloadShare pool = share(16 << 20);
        Random random = new Random(7);
        List<Lease> held = new ArrayList<>();
        List<Byte> marks = new ArrayList<>();
        for (int i = 0; i < 5000; i++) {
            Lease lease = random.nextBoolean() ? pool.tryLease(1 + random.nextInt(1 << random.nextInt(22))) : null;
            if (lease != null) {
                byte mark = (byte) i;
                for (int s = 0; s < lease.count(); s++) {
                    lease.segment(s).fill(mark);
                }
                held.add(lease);
                marks.add(mark);
            } else if (!held.isEmpty()) {
                int at = random.nextInt(held.size());
                Lease gone = held.remove(at);
                byte mark = marks.remove(at);
                for (int s = 0; s < gone.count(); s++) {
                    assertThat(gone.segment(s).get(java.lang.foreign.ValueLayout.JAVA_BYTE, 0))
                            .isEqualTo(mark);
                }
                gone.release();
            }
        }
    }
}
